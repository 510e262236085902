"""Numbers written in Chinese characters: 一百二十三, 负三点五, 百分之四十五, 二分之一, 三又四分之一, 壹万贰仟."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_DIGITS = dict(zip("零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖", "001223456789123456789", strict=True))
_SMALL = {"十": 1, "拾": 1, "百": 2, "佰": 2, "千": 3, "仟": 3}
_LARGE = {"万": 4, "萬": 4, "亿": 8, "億": 8}

_DIGIT = "[零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖]"
# A numeral begins with a digit or with ten; 百, 千 and 万 alone are parts of words (千克, 万元).
_WHOLE = (
    f"(?:{_DIGIT}|[十拾])[零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖十拾百佰千仟万萬亿億]{{0,30}}"
    "(?<![百千佰仟](?=[米克瓦卡帕分]))"
)
_PLAIN = f"{_WHOLE}(?:点{_DIGIT}{{1,30}}[万萬亿億]?)?"
# Words that only look like numerals: 一样, 一共, 十分, 第一, 统一, 之一, 一元一次.
_NO_WORD = (
    "(?!一点(?![零〇一二两三四五六七八九])|一[致样共些起定般旦直致边元次种方下会儿步遍看切番]|十分(?!之))"
    "(?!两[边者个种])(?<![第统唯同万之])"
)
# "负三点五" -> {"sign": "负", "plain": "三点五"}
# "三又四分之一" -> {"whole": "三", "bottom": "四", "top": "一"}
# "百分之四十五" -> {"percent": "百分之", "share": "四十五"}
NUMERAL = re.compile(
    rf"{_NO_WORD}(?P<sign>[负負])?"
    rf"(?:(?P<percent>百分之)(?P<share>{_PLAIN})"
    rf"|(?:(?P<whole>{_WHOLE})又)?(?P<bottom>{_WHOLE})分之(?P<top>{_WHOLE})"
    rf"|(?P<plain>{_PLAIN}))"
    r"(?!\s?[加减乘除又])"
)


@dataclass(frozen=True)
class Numeral:
    """The value of a numeral.

    Attributes:
        value: the number; of a fraction None.
        fraction: numerator and denominator, the sign in the numerator.
        decimals: places after 点.
        scale: 4 or 8 where 万 or 亿 is its last character and only unit of the kind, which `value` then leaves out:
            it may belong to what is counted (万元).
        percent: 百分之 precedes it.
    """

    value: Decimal | None
    fraction: tuple[Decimal, Decimal] | None = None
    decimals: int = 0
    scale: int = 0
    percent: bool = False


def read(match: re.Match[str]) -> Numeral | None:
    """Return the value of a match of `NUMERAL`; None where the characters make no number (十十)."""
    sign = -1 if match["sign"] else 1
    if match["bottom"]:
        whole, bottom, top = (_whole(match[name] or "零") for name in ("whole", "bottom", "top"))
        if whole is None or bottom is None or top is None or bottom == 0:
            return None
        return Numeral(None, (Decimal(sign * (whole * bottom + top)), Decimal(bottom)))
    text = match["share"] or match["plain"]
    scale = 0 if any(char in _LARGE for char in text[:-1]) else _LARGE.get(text[-1], 0)
    integer, _, places = (text[:-1] if scale else text).partition("点")
    value = _whole(integer)
    if value is None or any(char in _LARGE for char in places):  # 一万点一亿
        return None
    digits = "".join(_DIGITS[char] for char in places)
    number = Decimal(f"{value}.{digits}" if digits else value)
    return Numeral(sign * number, None, len(digits), scale, match["percent"] is not None)


def _whole(text: str) -> int | None:
    """Return the value of a whole numeral: by place (二〇二四) where it names no power of ten, else by them."""
    if all(char in _DIGITS for char in text):
        return int("".join(_DIGITS[char] for char in text))
    # `total` holds what stands before the last 万 or 亿, `section` what follows it, `digit` what has no unit yet.
    total = section = last = 0
    digit: int | None = None
    for char in text:
        if char in _DIGITS:
            if digit:
                return None
            digit = int(_DIGITS[char])
            last = last if digit else 0
        elif char in _SMALL:
            if digit is None and (section or char not in "十拾"):
                return None
            last = _SMALL[char]
            section += (1 if digit is None else digit) * 10**last
            digit = None
        else:
            last = _LARGE[char]
            section += digit or 0
            total = (total + section) * 10**last if last == 8 else total + section * 10**last
            section, digit = 0, None
    # 一百二 is 120, 三万五 is 35,000; after 零 the digit is a unit.
    return total + section + (digit or 0) * (10 ** (last - 1) if last > 1 else 1)

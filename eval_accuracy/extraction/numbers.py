"""Numbers as people and models write them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import lru_cache

from eval_accuracy.extraction.chinese_numerals import NUMERAL, read
from eval_accuracy.extraction.english_numerals import NUMERAL as ENGLISH
from eval_accuracy.extraction.english_numerals import read as read_english
from eval_accuracy.extraction.repeating import REPEATS, as_fraction

# Enough for the exact difference of any two numbers within the bounds below; no flag of it raises.
EXACT = Context(prec=1000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
# A number with more digits or a larger exponent is no answer to any question of such a contest, and costs time.
_MOST_DIGITS, _MOST_EXPONENT = 400, 100_000

# Fractions that are one character.
VULGAR = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
_SEPARATOR = r"(?:[,'’_]|\{,\}|,\\!|\\,|[\u2009\u202f])"
# Spaces separate thousands only where there are two of them: two numbers may stand side by side.
_GROUPS = rf"(?:(?:{_SEPARATOR}[0-9]{{3}})+|(?: [0-9]{{3}}){{2,}}| [0-9]{{3}}(?=\.[0-9]))"
_DIGITS = rf"(?:[0-9]{{1,3}}{_GROUPS}(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_TIMES = r"\s{0,2}(?:[×xX*·]|\\times|\\cdot|乘以?)\s{0,2}"
_TEN = (
    r"10(?:\s{0,2}(?:\^|\*\*)\s{0,4}[({]?\s?(?P<power>[-+]?[0-9]+)\s?[)}]?|(?P<super>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|\s?的\s?(?P<said>-?[0-9]+)\s?次[方幂])"
)
_SIGN = (
    r"(?P<sign>(?:[-+负負]|(?<![A-Za-z])(?:[Nn]egative|[Mm]inus)(?=[ \\$]))的?)?[ \t]?(?:\\?[¥$€£])?[ \t]?"
    "(?P<second>-(?=[0-9.]))?"
)
_EXPONENT = rf"(?:[eE](?P<e>[-+]?[0-9]+)|{_TIMES}{_TEN})?"
SCALE_WORDS = {
    "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "bn": 9, "mln": 6, "k": 3, "K": 3,
    "百": 2, "千": 3, "万": 4, "萬": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "億": 8, "十亿": 9, "百亿": 10,
    "千亿": 11, "万亿": 12, "‰": -3, "per mille": -3, "permille": -3, "per thousand": -3,
}  # fmt: skip
_PARTS_OF = {"千": -3, "万": -4}
# What a whole number of 万 or 亿 goes on with: `1234万5678.5`, `5万3千`, `3亿2000万`, `3亿2000万5678`, `3亿2千万`.
_NO_MORE = r"(?![0-9%]|[.,][0-9]|[万萬亿億千百])"
# "5678.5元" -> {"ones": "5678", "part": ".5"}
# "3千" -> {"thousand": "3"}
_BELOW_WAN = re.compile(rf"(?:(?P<ones>[0-9]{{2,4}})(?P<part>\.[0-9]{{1,30}})?|(?P<thousand>[1-9])千){_NO_MORE}")
# "2000万5678" -> {"wan": "2000", "ones": "5678"}
_BELOW_YI = re.compile(
    rf"(?:(?P<wan>[0-9]{{1,4}})|(?P<thousand>[1-9])千)[万萬](?:(?P<ones>[0-9]{{2,4}})(?P<part>\.[0-9]{{1,30}})?)?{_NO_MORE}"
)
_MIXED = {"万": (4, _BELOW_WAN), "萬": (4, _BELOW_WAN), "亿": (8, _BELOW_YI), "億": (8, _BELOW_YI)}
# 千 of 千克 and k of km begin a unit; the k of 3k + 1 is a variable.
_SCALE = (
    r"[ \t]?(?P<scale>万亿|[十百千]?[亿億]|[十百千]?[万萬]|[百千](?=[个元人只名件块。，,.;；)]|\s|$)"
    r"|‰|per\s?mille|per\sthousand|(?:hundred|thousand|million|billion|trillion|bn|mln)(?![A-Za-z])"
    r"|(?<=[0-9])[kK](?![A-Za-z0-9_^=(/*+]|\s?[-+*/^=]))"
)
_MARKS = rf"(?:(?P<percent>[ \t]?\\?%|[ \t]?\bper\s?cent\b)|{_SCALE})?"
# "-1,234.5" -> {"sign": "-", "digits": "1,234.5"}
# "minus $5" -> {"sign": "minus", "digits": "5"}
# "3.2 × 10^{4}" -> {"digits": "3.2", "power": "4"}
# "12.5%" -> {"digits": "12.5", "percent": "%"}
# "5万元" -> {"digits": "5", "scale": "万"}
# "3 million" -> {"digits": "3", "scale": "million"}
# "负百分之5" -> {"sign": "负", "hundredth": "百分之", "digits": "5"}
_NUMBER = re.compile(
    rf"(?=[-+负負 \t¥$€£\\百千万0-9.nNmM]){_SIGN}(?P<hundredth>[百千万]分之[ \t]?(?P<inner>-)?)?"
    f"(?P<digits>{_DIGITS}){REPEATS}{_EXPONENT}{_MARKS}"
)
# r"-\frac{1}{2}" -> {"sign": "-", "top": "1", "bottom": "2"}
# "3又1/2" -> {"whole": "3", "left": "1", "right": "2"}
# "4分之3" -> {"under": "4", "over": "3"}
# r"{20 \over 39}" -> {"higher": "20", "deeper": "39"}
# "3½" -> {"whole": "3", "vulgar": "½"}
_FRACTION = re.compile(
    rf"{_SIGN}(?:(?<![0-9.])(?P<whole>[0-9]+)(?:\s{{0,2}}(?:又\s{{0,2}}|(?=\\|[{VULGAR}]))|[ ](?=[0-9]+/[0-9])"
    "|[ ]and[ ](?=[0-9]+/[0-9])))?"
    r"(?:\\[dtc]?frac\s?(?:\{\s?(?P<top>-?[0-9]+)\s?\}|(?P<upper>[0-9]))"
    r"\s?(?:\{\s?(?P<bottom>-?[0-9]+)\s?\}|(?P<lower>[0-9]))"
    r"|(?<![0-9.])(?P<left>[0-9]+)\s{0,2}/\s{0,2}(?P<right>-?[0-9]+)(?![0-9]|\.[0-9])"
    r"|(?<![0-9.])(?P<under>[0-9]+)\s{0,2}分之\s{0,2}(?P<over>-?[0-9]+)(?![0-9]|\.[0-9])"
    r"|\{\s?(?P<higher>-?[0-9]+)\s?\\over\s?(?P<deeper>[0-9]+)\s?\}"
    rf"|(?P<vulgar>[{VULGAR}]))"
)
_PARTS = ("sign", "second", "inner", "digits", "hundredth", "percent", "scale", "e", "power", "said", "super")
# "3.5 + 12" -> "3.5"
_RUNS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# "1,234" -> ","
_NO_DIGIT = re.compile("[^0-9.]")
_NEGATIVE = frozenset(["-", *"负負", "minus", "Minus", "negative", "Negative", "负的", "負的"])
# The 2 of cm^2, cm2 and 厘米^2 is no answer.
# "5 cm^" -> "m^"
_UNIT_BEFORE = re.compile(r"(?:[A-Za-z米]\}?\s?\^\s{0,4}[{(]?|(?<![A-Za-z])[mcdk]?m)$")
# "x = -(" -> {"minus": "-"}
_MINUS_BRACKET = re.compile(r"(?:^|[^0-9) ]) {0,2}(?P<minus>-) ?\($")
# "12 " -> "2 "
_OPERAND_BEFORE = re.compile(r"[0-9)][ \t]{0,3}$")

_SUPERSCRIPTS = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
# What makes 一 an article: 一道题, 一个语言模型.
# "道关于" -> "道"
_INDEFINITE = re.compile(
    "[道种类项门般样款](?=[\u3400-\u9fff])|个(?=语言|关于|问题|简单|常见|近似|大概|精确)|位(?=[小人])"
)
# Every character becomes one character, so that a span found in the plain text is the same span of the original.
_PLAIN = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) != "，"}
    | dict.fromkeys("−–—﹣", "-")
    | {"\u3000": " ", "\u00a0": " ", "￥": "¥", "∶": ":", "\u2044": "/", "\u2215": "/"}
)
# "７ apples" -> "７"
_UNUSUAL = re.compile(f"[{re.escape(''.join(map(chr, _PLAIN)))}，]")
# "１，２３４" -> "，"
_WIDE_THOUSANDS = re.compile(r"(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")


@dataclass(frozen=True)
class Number:
    """A number with the way it was written.

    Attributes:
        value: the number; of a fraction the quotient to 1,000 digits.
        decimals: places after the point up to which it is given (negative: up to tens, hundreds …).
        fraction: numerator and denominator as written, the sign in the numerator.
        start, end: where it stands in the text.
        percent: a percent sign follows, or 百分之 precedes; `value` is the number beside it.
        scale: the power of ten that a word behind it names (万, million); `value` is the number before it.
        significant: how many digits it is given with, where an exponent or a scale says so; else 0.
        repeats: `fraction` is the value of a repeating decimal, not a fraction as written.
    """

    value: Decimal
    decimals: int
    start: int
    end: int
    fraction: tuple[Decimal, Decimal] | None = None
    percent: bool = False
    scale: int = 0
    significant: int = 0
    repeats: bool = False

    @property
    def worth(self) -> Number:
        """The plain value of a number with a percent sign, 万 or 亿."""
        power = self.scale - 2 * self.percent
        return replace(
            self, value=EXACT.scaleb(self.value, power), decimals=self.decimals - power, percent=False, scale=0
        )


@lru_cache(maxsize=64)  # question, prediction and reference are asked for several times each
def plain(text: str) -> str:
    """Return the text with full-width digits, letters and signs and the other minus signs as ASCII, same length."""
    if _UNUSUAL.search(text) is None:
        return text
    return _WIDE_THOUSANDS.sub(",", text).translate(_PLAIN)


def digits_in(text: str, start: int = 0, end: int | None = None) -> list[str]:
    """Return the runs of digits of `text[start:end]` as they are written: `ran 3.5 km in 2 h` has 3.5 and 2."""
    return _RUNS.findall(text, start, len(text) if end is None else end)


def first_number(text: str, start: int, end: int, fractions: bool) -> Number | None:
    r"""Return the first number of `text[start:end]` (plain text), None where there is none or it is beyond all bounds.

    Args:
        text: as `plain` returns it.
        start: where the part to look at begins.
        end: where it ends.
        fractions: whether p/q and \frac{p}{q} are numbers; else the number is the first within them.
    """
    match = _NUMBER.search(text, start, end)
    ratio = _fraction_at(text, match, start, end) if fractions else None
    if ratio:
        return _signed(text, _fraction(ratio))
    return _signed(text, _number(match)) if match else None


def last_number(text: str, start: int, end: int, fractions: bool) -> Number | None:
    """Return the last number of `text[start:end]` that is no exponent of a unit (cm^2), under the same conditions."""
    found = list(_NUMBER.finditer(text, start, end))
    while found and _UNIT_BEFORE.search(text, max(start, found[-1].start() - 6), found[-1].start()):
        found.pop()
    if not found:
        return None
    while len(found) > 1 and (whole := _mixed(found[-2])) and whole.end > found[-1].start("digits"):
        found.pop()
    last = found[-1]
    if fractions and (ratio := _fraction_ending_at(text, last)):
        return _signed(text, _fraction(ratio))
    if last["sign"] and _OPERAND_BEFORE.search(text, max(start, last.start() - 6), last.start("sign")):
        return None
    return _number(last)


def _signed(text: str, number: Number | None) -> Number | None:
    """Return the negative of a number that alone stands in brackets after a minus: -(5/9)."""
    if number is None or not text.startswith(")", number.end):
        return number
    before = _MINUS_BRACKET.search(text, max(0, number.start - 6), number.start)
    if before is None:
        return number
    fraction = number.fraction and (number.fraction[0].copy_negate(), number.fraction[1])
    value = number.value.copy_negate()
    return replace(number, value=value, fraction=fraction, start=before.start("minus"), end=number.end + 1)


def chinese_number(text: str, start: int, end: int) -> Number | None:
    """Return the number that stands in Chinese characters at the very start of `text[start:end]`."""
    if text[start : start + 1] < "〇":  # the first of the characters that a numeral can begin with
        return None
    match = NUMERAL.match(text, start, end)
    return _numeral(match) if match else None


def english_number(text: str, start: int, end: int) -> Number | None:
    """Return the number that stands in English words at the very start of `text[start:end]`."""
    match = ENGLISH.match(text, start, end)
    found = read_english(match) if match else None
    if match is None or found is None:
        return None
    top, bottom, decimals = found
    fraction = (top, bottom) if bottom != 1 else None
    return Number(EXACT.divide(top, bottom) if fraction else top, decimals, match.start(), match.end(), fraction)


def last_chinese_number(text: str, start: int, end: int, shortest: int = 1) -> Number | None:
    """Return the last number of `text[start:end]` in at least so many Chinese characters."""
    found = [number for match in NUMERAL.finditer(text, start, end) if (number := _numeral(match))]
    found = [number for number in found if number.end - number.start >= shortest]
    return found[-1] if found else None


def whole_number(text: str) -> Number | None:
    """Return the number that a plain text is, whole, but for space around it."""
    text = text.strip()
    if match := _FRACTION.fullmatch(text):
        return _fraction(match)
    match = _NUMBER.fullmatch(text)
    return _number(match) if match else None


def _fraction_at(text: str, number: re.Match[str] | None, start: int, end: int) -> re.Match[str] | None:
    r"""Return the fraction that begins where the first number does, or holds it (`\frac{1}{2}`)."""
    ratio = _FRACTION.search(text, max(start, number.start() - 10) if number else start, end)
    return ratio if ratio and (number is None or ratio.start() <= number.start("digits")) else None


def _fraction_ending_at(text: str, number: re.Match[str]) -> re.Match[str] | None:
    for ratio in _FRACTION.finditer(text, max(0, number.start() - 2 * _MOST_DIGITS)):
        if ratio.start() <= number.start() <= ratio.end():
            return ratio
    return None


def _mixed(match: re.Match[str]) -> Number | None:
    """Return the number that goes on behind its 万 or 亿, in the scale of this; None where it does not."""
    power, tail = _MIXED.get(match["scale"] or "", (0, None))
    digits = _NO_DIGIT.sub("", match["digits"])
    below = tail.match(match.string, match.end(), match.endpos) if tail and digits.isdigit() else None
    if below is None or match["e"] or match["power"] or len(digits) > _MOST_DIGITS:
        return None
    parts = below.groupdict()
    places = parts["thousand"] or (parts.get("wan") or "").zfill(4 if "wan" in parts else 0)
    if parts["ones"]:
        places = places.ljust(4 if "wan" in parts else 0, "0") + parts["ones"].zfill(4) + (parts["part"] or "")[1:]
    minus = "-" if (match["sign"] in _NEGATIVE) != bool(match["second"]) else ""
    value = Decimal(f"{minus}{digits}.{places}")
    significant = len((digits + places).lstrip("0"))
    return Number(value, len(places), _start(match, "digits"), below.end(), None, False, power, significant)


def _number(match: re.Match[str]) -> Number | None:
    if match["scale"] and (mixed := _mixed(match)):
        return mixed
    sign, second, inner, digits, hundredth, percent, scale, e, power, said, raised = match.group(*_PARTS)
    digits = _NO_DIGIT.sub("", digits)
    power = e or power or said or (raised.translate(_SUPERSCRIPTS) if raised else "0")
    if len(digits) > _MOST_DIGITS or len(power) > 8 or abs(int(power)) > _MOST_EXPONENT:
        return None
    decimals = len(digits.partition(".")[2]) - int(power)
    minus = "-" if (sign in _NEGATIVE) != bool(second or inner) else ""
    start, end = _start(match, "hundredth" if hundredth else "digits"), match.end()
    if power == "0" and not (percent or hundredth or scale) and (ratio := as_fraction(digits, match)):
        ratio = (ratio[0].copy_negate() if minus else ratio[0], ratio[1])
        return Number(EXACT.divide(*ratio), 0, start, end, ratio, repeats=True)
    value = Decimal(f"{minus}{digits}E{power}")
    significant = len(digits.replace(".", "").lstrip("0")) if power != "0" or scale else 0
    return Number(
        value,
        decimals,
        start,
        end,
        None,
        bool(percent or (hundredth and hundredth[0] == "百")),
        SCALE_WORDS.get(scale, -3) if scale else _PARTS_OF.get(hundredth[0], 0) if hundredth else 0,
        significant,
    )


def _start(match: re.Match[str], group: str) -> int:
    return match.start("sign") if match["sign"] else match.start("second") if match["second"] else match.start(group)


def _fraction(match: re.Match[str]) -> Number | None:
    whole, top, bottom = match["whole"] or "0", "", ""
    if match["vulgar"]:
        top, bottom = unicodedata.normalize("NFKC", match["vulgar"]).split("\u2044")
    else:
        top = match["top"] or match["upper"] or match["left"] or match["over"] or match["higher"]
        bottom = match["bottom"] or match["lower"] or match["right"] or match["under"] or match["deeper"]
    if max(len(whole), len(top), len(bottom)) > _MOST_DIGITS or not int(bottom):
        return None
    denominator = Decimal(bottom)
    numerator = EXACT.fma(Decimal(whole), denominator, Decimal(top))
    if (match["sign"] in _NEGATIVE) ^ (denominator < 0) ^ bool(match["second"]):
        numerator = numerator.copy_negate()
    denominator = denominator.copy_abs()
    value = EXACT.divide(numerator, denominator)
    return Number(value, 0, match.start(), match.end(), (numerator, denominator))


def _numeral(match: re.Match[str]) -> Number | None:
    numeral = read(match)
    if numeral is None or (match[0] == "一" and _INDEFINITE.match(match.string, match.end())):
        return None
    start, end, fraction = match.start(), match.end(), numeral.fraction
    if numeral.value is None or fraction is not None:
        return Number(EXACT.divide(*fraction), 0, start, end, fraction) if fraction else None
    return Number(numeral.value, numeral.decimals, start, end, None, numeral.percent, numeral.scale)

"""Numbers in Chinese numerals and in English words.

"-1205.5" -> "负一千二百零五点五"; 142 -> "one hundred and forty-two"
"""

from __future__ import annotations

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def chinese(digits: str) -> str:
    """Return a plain number below 10^8 in Chinese numerals."""
    sign = "负" if digits.startswith("-") else ""
    whole, _, behind = digits.removeprefix("-").partition(".")
    thousands, rest = divmod(int(whole), 10_000)
    text = _below_ten_thousand(rest)
    if thousands:
        between = "零" if 0 < rest < 1000 else ""
        text = _below_ten_thousand(thousands) + "万" + between + (text if rest else "")
    text = text.removeprefix("一") if text.startswith("一十") else text
    return sign + (text or "零") + ("点" + "".join(_DIGITS[int(digit)] for digit in behind) if behind else "")


def _below_ten_thousand(number: int) -> str:
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + _PLACES[place]
            gap = False
        else:
            gap = True
    return text


def english(number: int) -> str:
    """Return a whole number below a million in English words."""
    if number < 0:
        return "negative " + english(-number)
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" and {english(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    return f"{english(thousands)} thousand" + (f" {english(rest)}" if rest else "")

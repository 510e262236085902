"""Numbers written in English words: twelve, twenty-one, one hundred and five, three million, minus four point five."""

from __future__ import annotations

import re
from decimal import Decimal

_ONES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_POWERS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8,
    "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10, "twelfth": 12, "twelfths": 12,
}  # fmt: skip
_WORD = "|".join([*_ONES, *_TENS, "hundred", *_POWERS])
# "Minus twenty-one apples" -> {"sign": "Minus", "words": "twenty-one"}
# "three quarters" -> {"words": "three", "part": "quarters"}
# "four point five" -> {"words": "four", "places": " five"}
NUMERAL = re.compile(
    "(?<![A-Za-z])(?:(?P<sign>minus|negative)[ -])?(?:(?:a|an)[ -](?=hundred|thousand|million|billion|half|third"
    "|quarter))?"
    rf"(?:(?P<words>(?:{_WORD})(?:(?:[ -]|[ ]and[ ])(?:{_WORD}))*)(?![A-Za-z])"
    rf"(?:[ ]point(?P<places>(?:[ ](?:{'|'.join(list(_ONES)[:10])}))+)|[ -](?P<part>{'|'.join(_PARTS)}))?"
    rf"|(?P<one>half|third|quarter))(?![A-Za-z])",
    re.IGNORECASE,
)


def read(match: re.Match[str]) -> tuple[Decimal, Decimal, int] | None:
    """Return numerator, denominator and decimals of a match of `NUMERAL`; None where the words make no number."""
    sign = -1 if match["sign"] else 1
    if match["one"]:
        return Decimal(sign), Decimal(_PARTS[match["one"].lower()]), 0
    value = _whole(match["words"].lower().replace("-", " ").split())
    if value is None:
        return None
    if match["part"]:
        return Decimal(sign * value), Decimal(_PARTS[match["part"].lower()]), 0
    places = "".join(str(_ONES[word.lower()]) for word in (match["places"] or "").split())
    return Decimal(f"{'-' if sign < 0 else ''}{value}.{places}" if places else sign * value), Decimal(1), len(places)


def _whole(words: list[str]) -> int | None:
    """Return the value of the words: hundreds, tens and ones within each power of a thousand, in falling order."""
    total = part = 0
    last = 10**15
    room = 1000  # what may still be added to `part` is below this
    for word in words:
        if word == "and":
            continue
        if word in _ONES or word in _TENS:
            value = _ONES.get(word, _TENS.get(word, 0))
            if part and (room <= value or (word in _ONES and value > 9 and room <= 10)):
                return None
            part, room = part + value, 10 if word in _TENS else 1
        elif word == "hundred":
            if part > 99:
                return None
            part, room = (part or 1) * 100, 100
        else:
            power = _POWERS[word]
            if power >= last:
                return None
            total, part, room, last = total + (part or 1) * power, 0, 1000, power
    return total + part

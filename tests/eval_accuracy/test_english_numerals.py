from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_accuracy.extraction.english_numerals import NUMERAL, read


def value(text: str) -> Decimal | None:
    match = NUMERAL.fullmatch(text)
    found = read(match) if match else None
    return found[0] / found[1] if found else None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Twelve", "12"),
        ("twenty-one", "21"),
        ("one hundred and five", "105"),
        ("a hundred", "100"),
        ("three million", "3000000"),
        ("two million three", "2000003"),
        ("minus four point five", "-4.5"),
        ("negative two", "-2"),
        ("zero point zero five", "0.05"),
        ("three quarters", "0.75"),
        ("half", "0.5"),
    ],
)
def test_numbers_in_words(text: str, number: str) -> None:
    assert value(text) == Decimal(number)


@pytest.mark.parametrize("text", ["twenty twenty", "five two", "one million million", "often", "someone", "tend"])
def test_words_that_are_no_numbers(text: str) -> None:
    assert value(text) is None


ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def written(number: int) -> str:
    """Write a whole number below 10^12 the standard way, independently of the reader."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    for power, word in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= power:
            rest = number % power
            return f"{written(number // power)} {word}" + (f" {written(rest)}" if rest else "")
    raise AssertionError(number)


@given(st.integers(0, 10**12 - 1))
def test_every_written_number_is_read_back(number: int) -> None:
    assert value(written(number)) == number

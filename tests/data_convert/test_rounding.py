from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_convert.answers.rounding import plain, rounded
from data_convert.answers.wording import WORDINGS
from data_convert.answers.working import Working


@pytest.mark.parametrize(
    ("value", "decimals", "text", "exact"),
    [
        (Fraction(1, 8), 2, "0.13", False),
        (Fraction(-1, 8), 2, "-0.13", False),
        (Fraction(1, 8), 3, "0.125", True),
        (Fraction(1, 8), 5, "0.125", True),
        (Fraction(58), 2, "58", True),
        (Fraction(2999, 1000), 1, "3.0", False),
        (Fraction(1, 2), 0, "1", False),
        (Fraction(-1, 3), 0, "-3E-1", False),
        (Fraction(0), 2, "0", True),
        # 0.4449 is no reason to make 0.45 and then 0.5 of it
        (Fraction(4449, 10000), 1, "0.4", False),
        (Fraction(1, 300), 2, "3.33E-3", False),
        # with an exponent two decimals at least: a judge that allows rounding wants three digits
        (Fraction(479, 10000), 1, "4.79E-2", True),
        (Fraction(-1, 300), 2, "-3.33E-3", False),
        (Fraction(10**16), 2, "1E+16", True),
        (Fraction(10**16 - 1), 2, "9999999999999999", True),
        (Fraction(10**20) - Fraction(1, 3), 2, "1.00E+20", False),
        (Fraction(27691555214092393781571282350000000), 4, "2.7692E+34", False),
    ],
)
def test_rounding(value: Fraction, decimals: int, text: str, exact: bool) -> None:
    found = rounded(value, decimals)
    assert (found.text, found.exact, found.sign) == (text, exact, "=" if exact else "≈")


@given(st.fractions(min_value=-(10**9), max_value=10**9), st.integers(0, 12))
def test_it_is_the_nearest_number_with_these_decimals(value: Fraction, decimals: int) -> None:
    found = rounded(value, decimals)
    number = Decimal(found.text)
    step = Fraction(10) ** (number.as_tuple().exponent if "E" in found.text else -decimals)
    assert found.exact == (Fraction(number) == value)
    assert abs(Fraction(number) - value) * 2 <= step
    assert (number == 0) == (value == 0)


@given(st.decimals(-(10**9), 10**9, places=7), st.integers(1, 6))
def test_it_agrees_with_decimal(value: Decimal, decimals: int) -> None:
    expected = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    if expected:
        assert Decimal(rounded(Fraction(value), decimals).text) == expected


@pytest.mark.parametrize(("number", "text"), [("5E+3", "5000"), ("1.50", "1.5"), ("-0.00", "0"), ("100", "100")])
def test_plain(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


@given(
    top=st.integers(1, 10**12).map(lambda units: Decimal(units).scaleb(-9)),
    bottom=st.integers(1, 10**6),
    decimals=st.integers(0, 4),
    detailed=st.booleans(),
)
@example(top=Decimal("0.01"), bottom=22, decimals=3, detailed=True)
@example(top=Decimal("0.0001"), bottom=22, decimals=1, detailed=True)
def test_a_division_in_parts_ends_with_the_rounded_value(
    top: Decimal, bottom: int, decimals: int, detailed: bool
) -> None:
    found = Working(WORDINGS["en"], detailed).quotient(top, Decimal(bottom), decimals)
    assert found.text == rounded(Fraction(top) / bottom, decimals).text

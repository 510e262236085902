"""What is stated, as a value: what is no plain number is not the number in it, and no sign, point or scale is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_accuracy.extraction.content import EMPTY, EXPRESSION, NUMBER, UNDONE, WORDS, Content, Ways, read_content
from eval_accuracy.extraction.numbers import plain
from eval_accuracy.extraction.sentence import last_in


def read(text: str, fractions: bool = False, free: bool = False) -> Content:
    return read_content(plain(text), 0, len(text), Ways(fractions, free))


@pytest.mark.parametrize(
    "text",
    [
        "$\\pm 3$", "$(3, 7)$", "$[3, 99]$", "$3i$", "$3k + 1$", "$x > 3$", "3 or 7", "between 3 and 7", "$\\{3, 7\\}$",
        "$\\sqrt{3}$", "$3!$", "$\\binom{3}{2}$", "$101_2$", "less than 3", "not 3", "$7$ or $8$", "twice 3",
        "3 以上", "不超过 3", "3 到 7", "3 squared",
    ],
)  # fmt: skip
def test_an_expression_is_not_the_number_in_it(text: str) -> None:
    content = read(text)
    assert (content.kind, content.number) == (EXPRESSION, None)


@pytest.mark.parametrize("text", ["3 + 4", "72/9"])
def test_what_nobody_carried_out_is_no_number(text: str) -> None:
    assert (read(text).kind, read(text).number) == (UNDONE, None)
    assert read(text, free=True).kind == EXPRESSION


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (".5", "0.5"),
        ("negative 5", "-5"),
        ("minus 5", "-5"),
        ("负的42.50", "-42.5"),
        ("$-\\$0.50$", "-0.5"),
        ("负百分之五", "-0.05"),
        ("百分之五", "0.05"),
        ("3 million", "3e6"),
        ("2千万", "2e7"),
        ("20百万", "2e7"),
        ("42.50k", "42500"),
        ("Twelve", "12"),
        ("十二", "12"),
        ("-1,234.5", "-1234.5"),
        ("**7**", "7"),
        ("about 7", "7"),
    ],
)
def test_sign_point_and_scale_of_a_number_are_kept(text: str, value: str) -> None:
    content = read(text)
    assert content.kind == NUMBER
    assert content.number is not None
    assert content.number.worth.value == Decimal(value)


@pytest.mark.parametrize(("text", "unit"), [("**7 cm**", "cm"), ("7 kg", "kg"), ("$90^\\circ$", "^\\circ"), ("7", "")])
def test_a_unit_leaves_a_number_what_it_is(text: str, unit: str) -> None:
    assert (read(text).kind, read(text).unit) == (NUMBER, unit)


def test_words_and_nothing() -> None:
    assert read("Monday").kind == WORDS
    assert read("  ** ").kind == EMPTY


def test_a_fraction_is_a_number_where_the_question_admits_it() -> None:
    half = read("1/2", fractions=True)
    assert half.kind == NUMBER
    assert half.number is not None
    assert half.number.fraction == (1, 2)


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=2), st.sampled_from(["", " cm", " 元", "。", "**"]))
def test_every_number_is_read_whole(value: Decimal, behind: str) -> None:
    number = read(f"{value}{behind}").number
    assert number is not None
    assert number.value == value


def test_a_sentence_is_about_a_number_that_the_question_does_not_have() -> None:
    text = "It costs 42 dollars to buy 6 tickets in 2 days"
    found = last_in(text, 0, len(text), False, frozenset({"6"}))
    assert found is not None
    number, beside = found
    assert number.value == 42
    assert not beside

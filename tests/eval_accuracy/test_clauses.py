"""A text as its clauses: what ends one, what is a remark within one, and that places stay true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_accuracy.extraction.clauses import MOST_CLAUSES, split


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("3 + 4 = 7 (rounded), so x = 7", ["3 + 4 = 7", "rounded", "so x = 7"]),
        ("12 because 3 + 4 = 7", ["12", "because 3 + 4 = 7"]),
        ("12 for n = 3", ["12", "for n = 3"]),
        ("是7因为3 + 4 = 7", ["是7", "因为3 + 4 = 7"]),
        ("答案是7。检验：7 - 4 = 3", ["答案是7", "检验：7 - 4 = 3"]),
        ("The point is (2, 3). Next", ["The point is (2, 3)", "Next"]),
        ("$x = 3, y = 4$ is it", ["$x = 3, y = 4$ is it"]),
        ("1,234 apples", ["1,234 apples"]),
        ("i.e. 7", ["i.e. 7"]),
        ("1. Take 3\n2. Add 4", ["Take 3", "Add 4"]),
        ("【答案】 6", ["答案", "6"]),
        ("", []),
    ],
)
def test_a_text_is_split_at_its_marks_and_conjunctions(text: str, clauses: list[str]) -> None:
    assert [clause.text.strip() for clause in split(text)] == clauses


def test_a_clause_says_what_stands_around_it() -> None:
    first, remark, last = split("x = 7 (rounded), so 7")
    assert (first.before, first.after) == ("", ",")
    assert (remark.before, remark.after) == ("(", ")")
    assert (last.before, last.after) == ("so", "")


@given(st.lists(st.sampled_from([*"0123.,=()[]{}$ \n\\", "so ", "因为", "（", "。", "for n = "]), max_size=40))
def test_every_clause_stands_where_it_says(parts: list[str]) -> None:
    text = "".join(parts)
    for clause in split(text):
        stands = text[clause.start : clause.end]
        assert len(clause.text) == len(stands)
        assert all(char in (" ", own) for char, own in zip(clause.text, stands, strict=True))


def test_only_the_last_clauses_of_a_long_text_are_looked_at() -> None:
    clauses = split("\n".join(f"step {number}" for number in range(10 * MOST_CLAUSES)))
    assert len(clauses) == MOST_CLAUSES
    assert clauses[-1].text == f"step {10 * MOST_CLAUSES - 1}"

"""What a clause is: a statement may hold the answer, other kinds do not, or only where nothing else does."""

from __future__ import annotations

import pytest

from eval_accuracy.extraction.clauses import split
from eval_accuracy.extraction.kinds import (
    CHECK,
    CONDITION,
    NO_VALUE,
    ORDINARY,
    QUESTION,
    QUOTED,
    REASON,
    REFUSAL,
    RETRACTION,
    ROUNDING,
    SUPPOSITION,
    WRONG,
    kinds,
)


def last_kind(text: str, question: str = "") -> str:
    return kinds(split(text), question)[-1].name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3 + 4 = 7", ORDINARY),
        ("so the answer is 7", ORDINARY),
        ("actually 7", ORDINARY),
        ("应为 7", ORDINARY),
        ("because 3 + 4 = 7", REASON),
        ("因为 3 + 4 = 7", REASON),
        ("for n = 3", CONDITION),
        ("当 x = 3", CONDITION),
        ("Check: 7 - 3 = 4", CHECK),
        ("检验：7 - 4 = 3", CHECK),
        ("rounded to 2 decimal places", ROUNDING),
        ("(2 d.p.)", ROUNDING),
        ("(nearest 0.01)", ROUNDING),
        ("精确到0.01", ROUNDING),
        ("保留两位小数", ROUNDING),
        ("误差不超过 0.01", ROUNDING),
        ("suppose it is 8", SUPPOSITION),
        ("假设答案是 8", SUPPOSITION),
        ("not 8", WRONG),
        ("8 is wrong", WRONG),
        ("不是 8", WRONG),
        ("Wait, that is wrong.", RETRACTION),
        ("算错了", RETRACTION),
        ("I do not know", REFUSAL),
        ("我不知道", REFUSAL),
        ("Is it 8?", QUESTION),
        ("无解", NO_VALUE),
        ("There is no solution", NO_VALUE),
    ],
)
def test_a_clause_is_known_by_its_words(text: str, kind: str) -> None:
    assert last_kind(text) == kind


def test_what_only_looks_like_a_mistake_is_a_statement() -> None:
    assert last_kind("不难看出 3 + 4 = 7") == ORDINARY
    assert last_kind("It is not only 7") == ORDINARY


def test_a_clause_of_the_question_is_a_quotation() -> None:
    question = "A shop sells 5 red pens for 3 dollars. How many?"
    assert last_kind("A shop sells 5 red pens", question) == QUOTED
    assert last_kind("A shop sells 5 red pens") == ORDINARY


def test_a_check_goes_on_until_a_conclusion() -> None:
    found = kinds(split("To check, 3 + 5 = 8 comes close. So the answer is 7."), "")
    assert [kind.name for kind in found] == [CHECK, CHECK, ORDINARY]


def test_a_rounding_remark_is_blanked_out_of_its_clause() -> None:
    (kind,) = kinds(split("答案是 0.87 保留2位小数"), "")
    assert kind.name == ORDINARY
    assert kind.text.strip() == "答案是 0.87"
    assert len(kind.text) == len(kind.clause.text)

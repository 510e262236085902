from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schema_answers import AnswersConfig
from core.tasks.choice import answer, parse_options, question
from core.text.records import Record
from data_convert.answers import rewrite, variants
from data_convert.answers.options import permuted, why_fixed
from eval_accuracy.judges.choice import judge

POEM = Record(
    "17",
    "choice",
    "Question: 诗句“海内存知己，天涯若比邻”的作者是 \nA.李白\nB.王勃\nC.王维\nD.杜甫",
    "The right option is B.",
    "choice.json: record 17",
    {"instruction": "Here is a question about arts", "subject": "arts"},
)


def made(options: list[str], letter: str = "A", text: str = "Which?") -> Record:
    return Record("1", "choice", question(text, options), answer(letter), "", {"instruction": "?"})


def test_a_permuted_copy_keeps_question_and_right_option() -> None:
    copy = permuted(POEM, 1, seed=3)
    assert copy is not None
    assert copy.question.startswith("Question: 诗句“海内存知己，天涯若比邻”的作者是 \nA.")
    assert "\nC.王勃" in copy.question
    assert copy.answer == "The right option is C."
    order = copy.meta["rewritten"]["options"]
    assert copy.id == f"17-{order}"
    assert (order[2], sorted(order)) == ("B", list("ABCD"))
    assert copy.meta["instruction"] == POEM.meta["instruction"]


def test_three_copies_put_the_right_option_at_the_three_other_letters() -> None:
    letters = [copy.answer[-2] for copy in variants(POEM, AnswersConfig(permute_options=3), seed=1)]
    assert letters == ["B", "C", "D", "A"]


def test_all_23_copies_differ_and_are_right() -> None:
    copies = list(variants(POEM, AnswersConfig(permute_options=23), seed=1))
    assert len({copy.question for copy in copies}) == len({copy.id for copy in copies}) == 24
    for copy in copies:
        parsed = parse_options(copy.question)
        assert parsed is not None
        assert parsed.texts["ABCD".index(copy.answer[-2])] == "王勃"


def test_the_order_is_drawn_from_seed_and_id_alone() -> None:
    assert permuted(POEM, 1, seed=3) == permuted(POEM, 1, seed=3)
    orders = {copy.id for seed in range(40) if (copy := permuted(POEM, 1, seed)) is not None}
    assert len(orders) == 6


@given(
    st.lists(st.text("甲乙 .xyz\n", max_size=9), min_size=4, max_size=4), st.sampled_from("ABCD"), st.integers(1, 23)
)
def test_the_right_text_stays_right(options: list[str], letter: str, copy: int) -> None:
    before = made(options, letter)
    after = permuted(before, copy, seed=1)
    if after is None:
        assert why_fixed(before)
        return
    left, right = parse_options(before.question), parse_options(after.question)
    assert left is not None
    assert right is not None
    assert left.joined() == before.question
    # White space after the last option stays at the end, whichever option comes last.
    old, new = [text.rstrip() for text in left.texts], [text.rstrip() for text in right.texts]
    assert new["ABCD".index(after.answer[-2])] == old["ABCD".index(letter)]
    assert sorted(old) == sorted(new)
    assert left.head == right.head


@pytest.mark.parametrize(
    "option",
    [
        "All of the above",
        "none of above.",
        "All of these options.",
        "None of these",
        "Two of the above",
        "both A and C",
        "(A) and (B) both in the same way.",
        "Neither (a) nor (b)",
        "A, B and C",
        "Only A",
        "以上都是",
        "以上全部",
        "以上说法都不对",
        "其他三个选项都不正确",
        "A和B",
        "A、B、C均正确",
        "A，B均不是",
        "$\\mathrm{A}，\\mathrm{B}$均是",
        "三者均是",
        "都不是",
    ],
)
def test_options_that_speak_of_each_other_stay_where_they_are(option: str) -> None:
    fixed = made(["one", "two", option, "four"])
    assert permuted(fixed, 1, seed=1) is None
    assert why_fixed(fixed)
    assert [copy.id for copy in variants(fixed, AnswersConfig(permute_options=4), 1)] == ["1"]


@pytest.mark.parametrize(
    "option",
    [
        "both accurate and precise",
        "50%以上",
        "A cat",
        "Vitamin A",
        "CSMA/CD",
        "below skin level.",
        "以人为本",
        "all living things",
        "$a=-1,b=-2$",
        "都江堰",
    ],
)
def test_other_options_may_move(option: str) -> None:
    assert why_fixed(made(["one", "two", option, "four"])) == ""


@pytest.mark.parametrize(
    ("text", "reply", "reason"),
    [
        ("Question: Which? \nA.1\nB.2\nC.3", "The right option is A.", "no options"),
        ("Question: Which? \nA.1\nB.2\nC.3\nD.4\nA.5", "The right option is A.", "no options"),
        ("Question: Which? \nA.1\nB.2\nC.3\nD.4", "The first.", "one letter"),
        ("Question: Which? \nA.1\nB.2\nC.3\nD.4", "A, not B.", "one letter"),
        ("Question: Is A or B right? \nA.1\nB.2\nC.3\nD.4", "A", "letters"),
    ],
)
def test_why_options_stay(text: str, reply: str, reason: str) -> None:
    assert reason in why_fixed(Record("1", "choice", text, reply))


def test_the_full_option_follows_the_letter_and_the_judge_reads_it() -> None:
    after = rewrite(POEM, AnswersConfig(full_option=True), 1)
    assert after.answer == "The right option is B. 王勃"
    assert after.meta["rewritten"] == {"full_option": True}
    verdict = judge(POEM.question, after.answer, POEM.answer)
    assert (verdict.marker, verdict.span) == ("phrase", "B")


def test_a_permuted_copy_names_its_own_full_option() -> None:
    for copy in variants(POEM, AnswersConfig(full_option=True, permute_options=5), 1):
        assert copy.answer.endswith(". 王勃")
        assert f"\n{copy.answer[-5]}.王勃" in copy.question


@pytest.mark.parametrize("reply", ["The right option is A. Because it is so.", "no letter", "A and B"])
def test_an_answer_that_says_more_than_a_letter_stays(reply: str) -> None:
    before = Record("1", "choice", POEM.question, reply)
    assert rewrite(before, AnswersConfig(full_option=True), 1) is before


def test_the_whole_contest_sample(shared_data: Path) -> None:
    rows = json.loads((shared_data / "contest/choice_sample.json").read_text(encoding="utf-8"))
    config = AnswersConfig(full_option=True, permute_options=4)
    fixed = 0
    for number, row in enumerate(rows):
        before = Record(str(number), "choice", row["input"], row["output"], "", {"instruction": row["instruction"]})
        copies = list(variants(before, config, seed=1))
        assert len({copy.question for copy in copies}) == (1 if why_fixed(before) else 5)
        fixed += len(copies) == 1
        for copy in copies:
            reference = copy.answer[: len("The right option is A.")]
            verdict = judge(copy.question, copy.answer, reference)
            assert verdict.rules == {"phrase": True, "letter": True}
    assert 20 <= fixed <= 40


def test_no_option_of_the_benchmarks_that_speaks_of_all_others_is_overlooked(shared_data: Path) -> None:
    files = [*shared_data.glob("cmmlu/*/*.csv"), *shared_data.glob("ceval/*/*.csv"), *shared_data.glob("mmlu/*/*.csv")]
    seen = 0
    for file in files:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                options = [row.get(name) or row.get(f"choice{at}") or "-" for at, name in enumerate("ABCD")]
                if any("of the above" in option.lower() or option.startswith("以上") for option in options):
                    seen += 1
                    assert why_fixed(made(options)), options
    assert seen >= 15

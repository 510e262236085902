"""Normalised texts, the keys of records, duplicates and conflicting answers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.records import Record
from data_convert.readers import read_corpus
from data_convert.selection.dedup import conflicts, group, isin
from data_convert.selection.keys import answer_key, canonical, is_template, label_of, question_key, record_key
from data_convert.selection.normalise import as_pairs, fingerprint, normalise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("计算 ５ ＋ ３ 等于多少？", "计算 5 + 3 等于多少?"),
        ("What  is\tthis?\r\n", "what is this"),
        ("发展的前提是 \n", "发展 的前提是："),
        ("3 × 4 ÷ 2 − 1", "3 * 4 / 2 - 1"),
        ("“Yes” – it’s “so”。", '"yes" - it\'s "so"'),
        ("STRASSE", "straße"),
        ("a\u200bb\ufeff", "ab"),
    ],
)
def test_texts_that_differ_in_typing_only_become_one(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("计算 5 的平方根", "计算 5.0 的平方根"),
        ("5", "-5"),
        ("5²", "52"),
        ("x₁ 2", "x12"),
        ("2½", "21⁄2"),
        ("①③", "13"),
        ("Compute 5!", "Compute 5"),
        ("0.333...", "0.333"),
        ("1 2", "12"),
        ("3+4", "3*4"),
        ("is this so?", "is this not so?"),
    ],
)
def test_texts_that_differ_in_meaning_stay_apart(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert "\x1f" not in once


@given(st.text(st.characters(codec="ascii")))
def test_plain_text_takes_a_short_way_to_the_same_result(text: str) -> None:
    # A character without width keeps a text off the short way.
    assert normalise(text) == normalise("\u200b" + text)


def test_the_fingerprints_of_files_that_are_kept_do_not_change() -> None:
    assert fingerprint(normalise("计算 ５ 的平方根？")).hex() == "0b31ecb6d5813a684d7f7fbe81ff6ab7"
    assert as_pairs(fingerprint("") + fingerprint("a")).tolist() == [
        [4665148505410102986, 8103847710287220046],
        [9189440641721877287, 9099881824081077545],
    ]


def test_a_template_is_its_type_and_operands_however_it_is_typed() -> None:
    text = canonical("计算 3963.85 * -5055.68 等于多少？")
    assert text == canonical("计算3963.85×-5055.68等于多少?") == "mul\x1f3963.85\x1f-5055.68"
    assert is_template(text)
    assert canonical("计算 3963.850 * -5055.68 等于多少？") != text
    assert not is_template(canonical("What is 3963.85 * -5055.68?"))


def _record(question: str, answer: str = "1", task: str = "math", **meta: str) -> Record:
    return Record("0", task, question, answer, "", dict(meta))


def test_a_question_is_asked_about_its_passage_and_under_its_instruction() -> None:
    passage = [_record("Who?", task="squad", passage=text) for text in ("On Ann. ", "On  ann", "On Bob.")]
    assert question_key(passage[0]) == question_key(passage[1]) != question_key(passage[2])
    subjects = [
        _record("Which?", task="choice", instruction=f"A question about {name}.", subject=name)
        for name in ("law", "art")
    ]
    assert question_key(subjects[0]) == question_key(subjects[1])
    free = [_record("a b c", task="choice", instruction=text, subject="") for text in ("Count.", "Sort.")]
    assert question_key(free[0]) != question_key(free[1])
    assert [label_of(record) for record in (passage[0], subjects[1], _record("x", type="add"))] == [
        "squad",
        "art",
        "add",
    ]


def test_a_record_is_its_exact_question_and_answer() -> None:
    assert record_key(_record("ab", "c")) != record_key(_record("a", "bc"))
    assert record_key(_record("a", "b")) != record_key(_record("a ", "b"))
    assert record_key(_record("a", "b", source="x")) == record_key(_record("a", "b", source="y"))
    assert answer_key(_record("q", "1 + 2 = 3")) == answer_key(_record("q", "1+2=3。"))
    assert answer_key(_record("q", "1 + 2 = 3")) != answer_key(_record("q", "1 + 2 = 3.0"))


keys = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40)


def _column(rows: list[tuple[int, int]]) -> np.ndarray:
    return np.array(rows, np.uint64).reshape(-1, 2) << np.uint64(61)


@given(keys)
def test_groups_are_those_of_a_dictionary(rows: list[tuple[int, int]]) -> None:
    numbers: dict[tuple[int, int], int] = {}
    leaders = []
    for place, row in enumerate(rows):
        if row not in numbers:
            numbers[row] = len(numbers)
            leaders.append(place)
    found = group(_column(rows))
    assert found.ids.tolist() == [numbers[row] for row in rows]
    assert found.leaders.tolist() == leaders
    assert np.flatnonzero(found.first).tolist() == leaders


@given(keys, keys)
def test_membership_is_that_of_a_set(rows: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    assert isin(_column(rows), _column(others)).tolist() == [row in set(others) for row in rows]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=40))
def test_a_conflict_is_a_question_with_two_answers(pairs: list[tuple[int, int]]) -> None:
    questions = group(_column([(question, 0) for question, _ in pairs]))
    found = conflicts(questions, _column([(answer, 0) for _, answer in pairs]))
    answers = Counter(question for question, _ in set(pairs))
    assert found.tolist() == [answers[question] > 1 for question, _ in pairs]


def test_planted_duplicates_are_found_among_the_contests_own_records(shared_data) -> None:
    records = list(read_corpus(shared_data / "contest" / "math_sample.jsonl"))
    typed = [
        Record(record.id, "math", record.question.replace("？", "? ").replace(" 等于", "等于"), record.answer)
        for record in records[:100]
    ]
    other = [Record(record.id, "math", record.question, record.answer + "0") for record in records[100:110]]
    corpus = [*records, *records[:50], *typed, *other]
    whole, question, answer = (as_pairs(b"".join(map(key, corpus))) for key in (record_key, question_key, answer_key))
    before = len(group(whole[: len(records)]))
    changed = sum(new.question != old.question for new, old in zip(typed, records, strict=False))
    assert changed > 50
    assert len(group(whole)) == before + changed + len(other)
    assert len(group(np.hstack([question, answer]))) == before + len(other)
    disputed = conflicts(group(question), answer)
    assert [record.question for record, hit in zip(corpus, disputed, strict=True) if hit] == [
        record.question for record in records[100:110]
    ] + [record.question for record in other]

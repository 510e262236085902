"""Held-out questions: never on both sides, the same for the same seed."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_convert.readers import read_corpus
from data_convert.selection.keys import canonical, question_key
from data_convert.selection.normalise import as_pairs, fingerprint
from data_convert.selection.split import exclude, hold_out


def _keys(questions: list[int]) -> np.ndarray:
    return as_pairs(b"".join(fingerprint(str(question)) for question in questions))


corpora = st.lists(st.integers(0, 60), min_size=1, max_size=120)


@given(corpora, st.integers(0, 8), st.integers(0, 5))
def test_no_question_is_on_both_sides(questions: list[int], count: int, seed: int) -> None:
    split = hold_out(_keys(questions), count, seed)
    asked = [questions[row] for row in split.test]
    learnt = {question for question, train in zip(questions, split.train, strict=True) if train}
    assert len(asked) == len(set(asked))
    assert not learnt & set(asked)
    assert learnt | set(asked) == set(questions)
    assert all(questions.index(question) == row for question, row in zip(asked, split.test.tolist(), strict=True))
    distinct = len(set(questions))
    assert len(asked) == (min(count, max(1, distinct // 10)) if distinct > 1 else 0)


@given(corpora, st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_same_seed_asks_the_same_questions_in_any_order(
    questions: list[int], count: int, rng: random.Random
) -> None:
    shuffled = rng.sample(questions, len(questions))
    one, other = (hold_out(_keys(order), count, 1) for order in (questions, shuffled))
    assert {questions[row] for row in one.test} == {shuffled[row] for row in other.test}


def test_another_seed_asks_others_and_a_tenth_at_the_most() -> None:
    keys = _keys([number // 2 for number in range(4000)])
    assert hold_out(keys, 100, 1).test.tolist() != hold_out(keys, 100, 2).test.tolist()
    assert len(hold_out(keys, 5000, 1).test) == 200


@given(corpora, st.sets(st.integers(0, 60)))
def test_a_question_is_asked_only_where_all_its_records_may_be(questions: list[int], barred: set[int]) -> None:
    # One record of a barred question suffices: here its last.
    last = {question: row for row, question in enumerate(questions)}
    mask = np.array([question in barred and last[question] == row for row, question in enumerate(questions)])
    split = hold_out(_keys(questions), 5, 1, mask)
    distinct = len(set(questions))
    wanted = min(5, max(1, distinct // 10)) if distinct > 1 else 0
    assert len(split.test) == min(wanted, len(set(questions) - barred))
    assert not {questions[row] for row in split.test} & barred


@given(corpora, corpora)
def test_questions_of_a_test_file_are_left_out(train: list[int], asked: list[int]) -> None:
    assert exclude(_keys(train), _keys(asked)).tolist() == [question not in set(asked) for question in train]


def test_no_writing_of_a_held_out_contest_question_is_trained_on(shared_data: Path) -> None:
    records = list(read_corpus(shared_data / "contest" / "math_sample.jsonl"))
    doubled = records + [
        type(record)(f"{record.id}'", "math", record.question.replace(" ", "  "), record.answer) for record in records
    ]
    keys = as_pairs(b"".join(map(question_key, doubled)))
    split = hold_out(keys, 90, 7)
    asked = {canonical(doubled[row].question) for row in split.test}
    assert len(asked) == 90
    learnt = {canonical(record.question) for record, train in zip(doubled, split.train, strict=True) if train}
    assert not asked & learnt

"""The practice corpora: right answers, the contest's forms, nothing on both sides of a split."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from core.tasks.math import recognise
from data_convert.practice import choice, math, reading
from eval_accuracy.judges import choice as choice_judge
from eval_accuracy.judges import math as math_judge


def test_every_math_answer_is_right_and_of_the_type_it_says() -> None:
    made = math.problems(random.Random(1))
    for problem in (next(made) for _ in range(3000)):
        assert recognise(problem.question).type == problem.type
        assert problem.value in problem.answer
        shown = problem.expression.replace("^", "**")
        if problem.type == "sqrt":
            assert int(problem.value) ** 2 == int(shown.removeprefix("√"))
        elif problem.type == "power":
            base, _, exponent = problem.expression.partition("^")
            assert int(problem.value) == int(base) ** int(exponent)
        else:
            assert float(Decimal(problem.value)) == pytest.approx(eval(shown))  # our own text, arithmetic only
        assert math_judge.judge(problem.question, problem.answer, problem.answer).rules["exact"]


def test_types_come_in_the_contests_proportions() -> None:
    made = math.problems(random.Random(2))
    types = [next(made).type for _ in range(20_000)]
    assert types.count("add") / len(types) == pytest.approx(90113 / 538949, abs=0.015)
    assert types.count("sqrt") / len(types) == pytest.approx(39227 / 538949, abs=0.015)


def test_math_records_are_distinct_and_the_same_for_the_same_seed() -> None:
    test = math.records(200, 5)
    train = math.records(1000, 6, exclude=frozenset(record.question for record in test))
    questions = [record.question for record in test + train]
    assert len(set(questions)) == len(questions) == 1200
    assert math.records(200, 5) == test
    assert math.records(200, 7) != test


def test_answers_stand_in_their_passages_and_questions_are_answerable() -> None:
    rng = random.Random(3)
    for _ in range(500):
        item = reading.passage(rng)
        questions = [question for question, _ in item.questions]
        assert len(set(questions)) == len(questions)
        assert all(answer in item.text for _, answer in item.questions)


def test_held_out_facts_are_not_trained() -> None:
    def asked(held_out: bool) -> set[tuple[str, tuple[str, str]]]:
        return {(subject.name, fact) for subject, fact in choice.facts(held_out)}

    assert not asked(True) & asked(False)
    assert len(asked(True)) > 15


def test_the_letter_names_the_right_option() -> None:
    for record in choice.records(300, 1, held_out=False):
        letter = choice_judge.reference_letter(record.answer)
        option = next(line[2:] for line in record.question.split("\n") if line.startswith(f"{letter}."))
        subject = next(item for item in choice.SUBJECTS if item.name == record.meta["subject"])
        assert any(option == value and subject.ask.format(key) in record.question for key, value in subject.facts)

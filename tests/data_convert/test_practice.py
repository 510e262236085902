"""The practice corpora: right answers, the contest's forms, nothing on both sides of a split."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import InputError
from core.tasks.math import recognise
from data_convert.practice import GENERATORS, choice, generator_of, math, reading
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


@pytest.mark.parametrize("task", GENERATORS.names())
def test_a_generator_makes_distinct_questions_of_its_task_on_two_sides(task: str) -> None:
    generator = generator_of(task)
    test = generator.test_records(50, 7)
    train = generator.train_records(60, 8, test)
    assert (len(test), len(train)) == (50, 60)
    assert {record.task for record in (*test, *train)} == {task}
    questions = [record.question for record in (*test, *train)]
    assert len(set(questions)) == len(questions) == len({record.id for record in (*test, *train)})
    assert all(record.answer for record in train)
    assert (generator.test_records(50, 7), generator.train_records(60, 8, test)) == (test, train)
    assert generator.test_records(50, 9) != test


def test_a_plug_in_makes_the_questions_of_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data_convert" / "practice"
    folder.mkdir(parents=True)
    (folder / "labels.py").write_text(
        "from core.text.records import Record\nfrom data_convert.practice import Generator\n\n\n"
        "class Labels(Generator):\n"
        "    def test_records(self, count, seed):\n"
        "        return [Record(str(n), 'labels', f'{seed} {n}?', 'x') for n in range(count)]\n\n"
        "    def train_records(self, count, seed, test):\n"
        "        return self.test_records(count, seed)\n\n\n"
        "GENERATOR = Labels()\n",
        encoding="utf-8",
    )
    with pytest.raises(
        InputError, match="for task 'labels', only for choice, .*math.*: give the organiser's files with"
    ):
        generator_of("labels")
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    assert generator_of("labels").train_records(2, 1, [])[1].question == "1 1?"

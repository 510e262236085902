"""The practice corpora: right answers, the contest's forms, nothing on both sides of a split."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import InputError
from core.tasks.choice import parse_options
from core.tasks.math import recognise
from data_convert.practice import GENERATORS, choice, generator_of, kinds, math, reading
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


def test_no_option_of_a_test_question_is_an_option_that_was_trained() -> None:
    def options(held_out: bool) -> set[str]:
        asked = [parse_options(record.question) for record in choice.records(300, 1, held_out)]
        return {text for item in asked if item is not None for text in item.texts}

    assert not options(True) & options(False)
    assert min(len(options(True)), len(options(False))) > 60


@pytest.mark.parametrize("held_out", [False, True])
def test_exactly_the_named_option_is_of_the_kind_that_is_asked_for(held_out: bool) -> None:
    asked = {
        form.format(name=kind.name): kind
        for language in ("en", "zh")
        for kind in kinds.kinds(language)
        for form in kinds.ASK[language]
    }
    for record in choice.records(300, 1, held_out):
        letter = choice_judge.reference_letter(record.answer)
        options = parse_options(record.question)
        assert options is not None
        kind = asked[options.head.removeprefix("Question: ").strip()]
        right = [text.strip() in kind.words for text in options.texts]
        assert [right.index(True), right.count(True)] == ["ABCD".index(letter), 1]


def test_letters_languages_and_subjects_of_the_choice_contest_all_come_about_equally_often() -> None:
    made = choice.records(2000, 4, held_out=False)
    letters = Counter(choice_judge.reference_letter(record.answer) for record in made)
    subjects = Counter(record.meta["subject"] for record in made)
    assert len(letters) == 4
    assert min(letters.values()) > 420
    assert len(subjects) == 20
    assert min(subjects.values()) > 60
    assert sum("Which" not in record.question for record in made) / len(made) == pytest.approx(0.4, abs=0.04)


def test_no_word_is_of_two_kinds_of_a_language() -> None:
    for language in ("en", "zh"):
        words = Counter(word for kind in kinds.kinds(language) for word in (*kind.words, kind.clue))
        assert max(words.values()) == 1


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

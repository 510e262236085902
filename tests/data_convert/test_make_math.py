"""Practice math at the stage-1 corpus' size: its shares, its repeats, its ranges, right solutions."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from itertools import islice

import pytest

from core.errors import InputError
from core.tasks.math import recognise
from data_convert.practice.contest_math import DISTINCT, ENGLISH, TEMPLATED, TYPES, default_count, questions, records
from data_convert.practice.english_forms import english_form
from data_convert.typed.check import check
from data_convert.typed.solver import digits, question_text
from eval_accuracy.judges.math import judge

# Draws of a type that the corpus' 800,000 imply, and the distinct problems that are published.
PUBLISHED = {
    "sqrt": (40_000, 39_227),
    "power": (40_000, 39_207),
    "equation": (240_000, 40_080),
    "function": (20_000, 20_028),
    "mean": (20_000, 19_709),
    "area": (20_000, 8_665),
    "discount": (10_000, 6_275),
    "sales": (10_000, 6_266),
    "mass": (20_000, 100),
    "fraction": (20_000, 45),
}
ARITHMETIC = ("add", "sub", "mul", "div")


def test_types_come_as_often_as_their_published_counts_say() -> None:
    drawn = Counter(question.type for question in islice(questions(random.Random(1)), 80_000))
    draws = {name: count for name, (count, _) in PUBLISHED.items()} | dict.fromkeys(ARITHMETIC, 90_000)
    assert sum(draws.values()) == TEMPLATED
    for name, count in draws.items():
        expected = count / 10
        assert drawn[name] == pytest.approx(expected, abs=5 * expected**0.5)


def test_each_type_repeats_as_in_the_corpus() -> None:
    distinct = 0
    for name, (draws, published) in PUBLISHED.items():
        texts = Counter(map(question_text, islice(questions(random.Random(2), [name]), draws)))
        assert len(texts) == pytest.approx(published, rel=0.016)
        distinct += len(texts)
        if name == "fraction":
            # 480 is what the corpus has; 20,000 draws of 45 fractions give 444 and a standard deviation of 21.
            assert 350 < texts["将分数 5/6 进行简化。"] < 540
    # Operations on two of two million numbers do not repeat.
    assert distinct + 4 * 90_000 == pytest.approx(DISTINCT, rel=0.005)
    assert (distinct + 4 * 90_000) / TEMPLATED == pytest.approx(0.674, abs=0.004)


def test_every_solution_is_the_corpus_own_and_every_operand_in_its_range() -> None:
    seen = Counter()
    for record in records(12_000, 3):
        asked = recognise(record.question)
        seen[asked.type] += 1
        assert record.meta["type"] == asked.type
        if asked.type == "english":
            assert check(record.question, record.answer).verdict == "boxed"
            continue
        assert check(record.question, record.answer).verdict == "right"
        numbers = [Decimal(operand) for operand in asked.operands]
        if asked.type in (*ARITHMETIC, "sqrt"):
            assert all(abs(number) <= 10_000 and number.as_tuple().exponent == -2 for number in numbers)
        elif asked.type == "power":
            assert 0 < abs(numbers[0]) <= 1000
            assert numbers[1] in range(6)
        elif asked.type == "mean":
            assert 3 <= len(numbers) <= 10
        elif asked.type == "fraction":
            assert 1 <= numbers[0] < numbers[1] <= 10
        elif asked.type == "mass":
            assert all(number in range(1, 11) for number in numbers)
        elif asked.type in ("area", "discount", "sales", "equation"):
            assert all(abs(number) <= 100 for number in numbers)
    assert set(seen) == set(TYPES)


def test_english_problems_come_last_all_distinct_in_the_corpus_proportion() -> None:
    assert default_count("both", unique=False) == 809_993
    assert default_count("both", unique=True) == 548_942
    made = [recognise(record.question).type for record in records(20_000, 4)]
    free = round(20_000 * ENGLISH / 809_993)
    assert [name == "english" for name in made] == [False] * (20_000 - free) + [True] * free
    texts = [record.question for record in records(12_000, 4, types=["english"])]
    assert len(set(texts)) == len(texts) == 12_000


def test_unique_records_are_distinct_and_run_out_with_a_word() -> None:
    made = [record.question for record in records(50_000, 5, unique=True)]
    assert len(set(made)) == len(made) == 50_000
    assert sum("物体的密度" in text for text in made) == 100
    assert len(list(records(145, 5, types=["mass", "fraction"], unique=True))) == 145
    with pytest.raises(InputError, match="no more than 145 distinct"):
        list(records(146, 5, types=["mass", "fraction"], unique=True))


def test_the_same_seed_gives_the_same_records_whatever_their_number() -> None:
    longer = list(records(3000, 6, "zh"))
    assert list(records(1000, 6, "zh")) == longer[:1000]
    assert list(records(1000, 7, "zh")) != longer[:1000]


def test_english_words_for_every_type_with_the_same_value() -> None:
    rng = random.Random(8)
    for question in islice(questions(rng), 4000):
        asked, solved = english_form(question, rng)
        assert recognise(asked).type == "english"
        assert all(operand in asked for operand in question.operands)
        assert judge(asked, solved, f"\\boxed{{{digits(question)}}}").rules["exact"], (asked, solved)
    kinds = Counter(record.meta["type"] for record in records(500, 8, "en", ["area", "english"]))
    assert kinds == {"english": 500}
    assert all(recognise(record.question).type == "english" for record in records(500, 8, "en"))

"""Practice retention sets: answers are spans of their passages, questions are answerable, or truly not."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from data_convert.practice.contest_squad import articles, records
from data_convert.practice.passages import language, passage


def paragraphs(*arguments: Any) -> list[dict[str, Any]]:
    return [paragraph for article in articles(*arguments) for paragraph in article["paragraphs"]]


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_every_answer_stands_where_it_says(spoken: str) -> None:
    made = paragraphs(400, 1, spoken, True)
    several = 0
    for paragraph in made:
        for row in paragraph["qas"]:
            several += len(row["answers"]) > 1
            for answer in [*row["answers"], *row.get("plausible_answers", [])]:
                start = answer["answer_start"]
                assert paragraph["context"][start : start + len(answer["text"])] == answer["text"] != ""
    assert several > 200


def test_the_sets_size_is_that_of_the_dev_set() -> None:
    made = list(articles(2067, 1))
    assert len(made) == 48
    all_paragraphs = [paragraph for article in made for paragraph in article["paragraphs"]]
    questions = [row for paragraph in all_paragraphs for row in paragraph["qas"]]
    assert len({paragraph["context"] for paragraph in all_paragraphs}) == 2067
    assert len(questions) == pytest.approx(10_570, rel=0.05)
    assert len({row["id"] for row in questions}) == len(questions)
    assert all(row["answers"] and "is_impossible" not in row for row in questions)
    assert made == list(articles(2067, 1))
    assert made != list(articles(2067, 2))


@pytest.mark.parametrize("spoken", ["en", "zh"])
def test_a_question_names_what_the_passage_tells_of_one_thing(spoken: str) -> None:
    rng = random.Random(spoken)
    for _ in range(300):
        item = passage(rng, language(spoken))
        asked = Counter(question.text for question in (*item.asked, *item.unanswered))
        assert max(asked.values()) == 1
        assert not any(question.answers for question in item.unanswered)
        for question in item.asked:
            # All references of a question overlap: they are one place, worded in more or fewer words.
            starts = max(answer.start for answer in question.answers)
            assert all(starts < answer.start + len(answer.text) for answer in question.answers)


def test_unanswerable_questions_ask_what_the_passage_tells_of_another_thing() -> None:
    rng = random.Random(4)
    people, facts = language("en").kinds[0]
    lives = next(fact for fact in facts if "lives in" in fact.text)
    found = 0
    for _ in range(400):
        item = passage(rng, language("en"))
        for question in item.unanswered:
            if question.text.startswith("Where does "):
                name = question.text.removeprefix("Where does ").removesuffix(" live?")
                assert name in people
                assert f"{name} lives in" not in item.text
                assert "lives in" in item.text
                found += 1
    assert lives.ask
    assert found > 20


def test_a_third_has_no_answer_with_squad2() -> None:
    rows = [row for paragraph in paragraphs(600, 5, "en", True) for row in paragraph["qas"]]
    impossible = [row for row in rows if row["is_impossible"]]
    assert all(not row["answers"] and row["plausible_answers"] for row in impossible)
    assert all(row["answers"] for row in rows if not row["is_impossible"])
    assert len(impossible) / len(rows) == pytest.approx(1 / 3, abs=0.03)


def test_both_languages_by_article_and_records_of_all_questions() -> None:
    made = list(articles(200, 6, "both"))
    chinese = ["练习" in article["title"] for article in made]
    assert chinese == [number % 2 == 1 for number in range(len(made))]
    rows = [row for article in made for paragraph in article["paragraphs"] for row in paragraph["qas"]]
    kept = [record for article in made for record in records(article)]
    assert [record.id for record in kept] == [row["id"] for row in rows]
    assert all(
        record.answer == record.meta["answers"][0] and record.answer in record.meta["passage"] for record in kept
    )

from __future__ import annotations

from pathlib import Path

import pytest

from core.text.records import Record
from data_convert.readers.squad_questions import read_questions
from eval_squad.metrics import official_metric
from eval_squad.retention.scoring import question_scores, score
from evaluation.answers.predictions import read_predictions


@pytest.mark.parametrize(
    ("name", "em", "f1", "unknown", "missing"),
    [
        ("BERT", 86.206244, 92.195580, 0, 0),
        ("Match-LSTM_with_Ans-Ptr", 67.634816, 76.755562, 0, 0),
        ("Logistic_Regression_Baseline", 40.141911, 50.981536, 28, 13),
    ],
)
def test_published_systems(shared_data: Path, name: str, em: float, f1: float, unknown: int, missing: int) -> None:
    records, _ = read_questions(shared_data / "squad/dev-v1.1.json", "all")
    predictions = read_predictions(shared_data / f"squad/predictions/{name}.json")
    result = score(records, predictions)
    assert result.official.em == pytest.approx(em, abs=1e-6)
    assert result.official.f1 == pytest.approx(f1, abs=1e-6)
    assert (result.count, result.unknown, result.missing) == (10570, unknown, missing)


def test_articles_case_and_punctuation_do_not_count() -> None:
    assert official_metric.em("The  Denver, Broncos!", "denver broncos") == 1


def test_words_count_as_often_as_both_have_them() -> None:
    assert official_metric.f1("b b b", "b c") == pytest.approx(0.4)
    assert official_metric.f1("10th and 11th", "11th and 10th") == 1


def test_the_best_of_all_answers_counts() -> None:
    assert official_metric.best("Santa Clara", ["California", "Santa Clara"]) == (1, 1)


def test_a_question_without_an_answer_wants_an_empty_prediction() -> None:
    assert official_metric.best("", []) == (1, 1)
    assert official_metric.best("the", []) == (1, 1)
    assert official_metric.best("Paris", []) == (0, 0)


def test_an_answer_of_which_nothing_is_left_counts_in_v1_alone() -> None:
    """SQuAD v2.0's script drops `.`; with it BERT's EM on v2.0's dev set is 78.7417, else 78.7585."""
    assert official_metric.best("", ["the war", "."]) == (0.0, 1.0)
    assert official_metric.best("", ["the war", "."], v2=True) == (0.0, 0.0)
    assert official_metric.best("", ["."], v2=True) == (1.0, 1.0)
    assert official_metric.best("the war", ["."], v2=True) == (0.0, 0.0)


def test_a_set_with_unanswered_questions_is_scored_as_v2() -> None:
    held = [("a", ["the war", "."]), ("b", [])]
    records = [
        Record(name, "squad", "Why?", answers[0] if answers else "", meta={"passage": "War.", "answers": answers})
        for name, answers in held
    ]
    assert question_scores(records, {"a": "", "b": ""})[:, 3].tolist() == [0.0, 1.0]
    assert question_scores(records[:1], {"a": ""})[:, 3].tolist() == [1.0]

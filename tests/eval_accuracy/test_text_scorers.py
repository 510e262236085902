from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.records import Record
from eval_accuracy.judges import exact_match, judge_of, rouge_l, span_f1
from eval_accuracy.scoring.accuracy import judge_all, summarise
from evaluation.answers.predictions import Predictions


def asked(name: str, answer: str) -> Record:
    return Record(name, "instruction", f"question {name}?", answer)


@pytest.mark.parametrize(
    ("prediction", "reference", "jieba", "ascii_only"),
    [
        # The default tokenizer of `rouge_score` keeps nothing of a Chinese text, and everything of the one ASCII word.
        ("并行计算平台", "并行计算平台", 1.0, 0.0),
        ("苹果 香蕉 CUDA", "CUDA 是并行计算平台", 2 / 7, 1.0),
        ("the cat sat", "the cat sat", 1.0, 1.0),
        # Lin 2004, section 3: "police kill the gunman" beside "police killed the gunman", 3 of 4 words in order.
        ("police kill the gunman", "police killed the gunman", 0.75, 0.75),
        ("the gunman kill police", "police killed the gunman", 0.5, 0.5),
        ("", "the cat", 0.0, 0.0),
        ("the cat", "", 0.0, 0.0),
    ],
)
def test_rouge_l(prediction: str, reference: str, jieba: float, ascii_only: float) -> None:
    found = rouge_l.rouge_l(prediction, reference)
    assert found == pytest.approx({"rouge_l_jieba": jieba, "rouge_l_ascii": ascii_only})


def brute_force(left: str, right: str) -> int:
    """Try every subsequence of the shorter text, the longest first."""
    short, long = sorted((left, right), key=len)
    for length in range(len(short), 0, -1):
        for chosen in itertools.combinations(short, length):
            rest = iter(long)
            if all(char in rest for char in chosen):
                return length
    return 0


@given(st.text("abc", max_size=9), st.text("abc", max_size=9))
def test_common_subsequence_equals_brute_force(left: str, right: str) -> None:
    assert rouge_l.common_subsequence(left, right) == brute_force(left, right)


@pytest.mark.parametrize("unit", ["中", "龦", "a ", "中国 the 12 "])
def test_a_long_text_costs_bounded_time(unit: str) -> None:
    """What grows with the square would not end here."""
    text = unit * (20_000 // len(unit))
    assert rouge_l.rouge_l(text, text)["rouge_l_jieba"] == 1.0


def test_exact_match_by_two_rules() -> None:
    assert exact_match.exact_match(" Ｐａｒｉｓ. ", "paris") == {"normalised": 1.0, "verbatim": 0.0}
    assert exact_match.exact_match("Paris\n", "Paris") == {"normalised": 1.0, "verbatim": 1.0}
    assert exact_match.exact_match("Paris", "London") == {"normalised": 0.0, "verbatim": 0.0}


def test_spans_of_one_question() -> None:
    assert span_f1.span_f1("北京；上海", "上海、广州") == ({"span_f1": 0.5}, 4.0)
    assert span_f1.span_f1("a\na", "a") == ({"span_f1": pytest.approx(2 / 3)}, 3.0)
    assert span_f1.span_f1("无", "none") == ({"span_f1": 0.0}, 0.0)


def test_span_f1_of_a_set_is_the_micro_average() -> None:
    """Two of 3 predicted and 5 expected spans agree: 2 * 2 / 8, not the mean of the questions' own figures."""
    records = [asked("1", "a;b;c;d"), asked("2", "e"), asked("3", "无")]
    given = Predictions([("1", "a"), ("2", "e;f"), ("3", "无")])
    judge = judge_of("span_f1")
    result = summarise(records, given, judge_all(records, given, judge), judge)
    assert result.accuracy == pytest.approx(2 * 2 / 8)
    assert result.correct is None
    low, high = result.interval
    assert low <= result.accuracy <= high


def test_a_missing_prediction_costs_its_spans() -> None:
    records = [asked("1", "a;b"), asked("2", "c;d")]
    given = Predictions([("1", "a;b")])
    judge = judge_of("span_f1")
    result = summarise(records, given, judge_all(records, given, judge), judge)
    assert result.accuracy == pytest.approx(2 * 2 / 6)
    assert result.missing == 1


def test_the_mean_of_scores_has_a_bootstrap_interval() -> None:
    records = [asked(str(n), "the cat sat on the mat") for n in range(50)]
    given = Predictions((str(n), "the cat" if n % 2 else "the cat sat on the mat") for n in range(50))
    judge = judge_of("rouge_l")
    result = summarise(records, given, judge_all(records, given, judge), judge, "rouge_l_ascii")
    assert result.rule == "rouge_l_ascii"
    assert result.accuracy == pytest.approx((0.5 + 1) / 2)
    low, high = result.interval
    assert 0.6 < low < 0.75 < high < 0.9
    assert result.categories == {}

"""Texts beyond the stated limit count up to it; all others as before."""

from __future__ import annotations

from core.text.segmentation import LONGEST
from eval_accuracy.judges.rouge_l import rouge_l
from eval_squad.metrics.contest_metric import em, f1


def test_what_stands_behind_the_limit_does_not_count() -> None:
    text = "a b " * (LONGEST // 4)
    assert len(text) == LONGEST
    assert rouge_l(text + "c d", text) == {"rouge_l_jieba": 1.0, "rouge_l_ascii": 1.0}
    assert f1(text + "c d", text) == 1.0
    assert em(text + "c d", text) == 0.0


def test_up_to_the_limit_every_character_counts() -> None:
    text = "a b " * (LONGEST // 4 - 2) + "c d"
    assert rouge_l(text, text[:-1] + "e")["rouge_l_jieba"] < 1.0
    assert f1(text, text[:-1] + "e") < 1.0

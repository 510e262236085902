"""The original class beside the re-implementation, where MindFormers is installed."""

from __future__ import annotations

import random
from typing import Any

import pytest

from eval_squad.metrics import contest_metric

pytestmark = [pytest.mark.mindspore, pytest.mark.slow]

PIECES = [
    *"abcAB 12.,!?-_:*/…‘’“”，。·()（）\n\t\r%+#&",
    "郑",
    "州",
    "北京",
    "大学",
    "the ",
    "Bowl",
    "İ",
    "ſ",
    "龥",
    "龦",
    "é",
]


@pytest.fixture(scope="module")
def original() -> Any:
    pytest.importorskip("mindformers")
    from mindformers.core.metric.metric import EmF1Metric

    return EmF1Metric()


def test_random_texts_score_the_same(original: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(20240615)
    for _ in range(2000):
        prediction = "".join(rng.choices(PIECES, k=rng.randrange(14)))
        answer = "".join(rng.choices(PIECES, k=rng.randrange(8))) + prediction[: rng.randrange(14)]
        original.clear()
        original.update([prediction], [answer])
        expected = original.eval()
        capsys.readouterr()
        found = (100 * contest_metric.f1(prediction, answer), 100 * contest_metric.em(prediction, answer))
        assert found == (expected["F1"], expected["Em"]), (prediction, answer)

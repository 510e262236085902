"""The kit's dropout: its share, its scale, and that masks follow from seed, step, layer, worker, row and column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.mindspore]
Array = np.ndarray[Any, np.dtype[Any]]
ROWS, WIDTH, RATE = 192, 160, 0.3


@pytest.fixture(scope="module")
def made() -> Any:
    import mindspore as ms

    from backend.changes.dropout import HashedDropout
    from backend.changes.hashed import step_counter

    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")

    def mask(step: int = 1, layer: str = "layers.0.wq", seed: int = 1, rank: int = 0, dtype: Any = np.float32) -> Array:
        counter = step_counter("step")
        cell = HashedDropout(RATE, WIDTH, layer, seed, counter, rank).set_train()
        counter.set_data(ms.Tensor(step, ms.int32))
        found: Array = cell(ms.Tensor(np.ones((2, ROWS // 2, WIDTH), dtype))).asnumpy().reshape(ROWS, WIDTH)
        return found

    return mask


def test_a_share_is_dropped_and_the_rest_is_scaled(made: Any) -> None:
    for dtype in (np.float32, np.float16):
        values = made(dtype=dtype)
        assert values.dtype == dtype
        assert set(np.unique(values)) == {0, dtype(1 / (1 - RATE))}
        # Five standard deviations of a binomial of 30,720 draws.
        assert abs(float((values == 0).mean()) - RATE) < 5 * (RATE * (1 - RATE) / values.size) ** 0.5


def test_the_same_place_has_the_same_mask_and_any_other_one_of_its_own(made: Any) -> None:
    first = made()
    assert np.array_equal(first, made())
    others = [made(step=2), made(step=65_537), made(layer="layers.0.wv"), made(seed=2), made(rank=1)]
    for other in others:
        assert abs(float(np.corrcoef(first.ravel(), other.ravel())[0, 1])) < 5 / first.size**0.5


def test_rows_and_columns_have_nothing_in_common(made: Any) -> None:
    mask = made(step=3) != 0
    for among in (mask, mask.T):
        table = np.corrcoef(among)
        apart = table[~np.eye(len(table), dtype=bool)]
        assert float(np.abs(apart).max()) < 6 / among.shape[1] ** 0.5
        assert abs(float(apart.std()) * among.shape[1] ** 0.5 - 1) < 0.1


def test_outside_training_everything_passes() -> None:
    import mindspore as ms

    from backend.changes.dropout import HashedDropout
    from backend.changes.hashed import step_counter

    values = np.random.default_rng(1).random((4, WIDTH), np.float32)
    cell = HashedDropout(RATE, WIDTH, "layer", 1, step_counter("step"), 0)
    assert np.array_equal(cell(ms.Tensor(values)).asnumpy(), values)


def test_it_takes_the_place_of_the_dropout_of_every_layer() -> None:
    import mindspore as ms
    from mindspore import nn

    from backend.changes.dropout import STEP_NAME, Dropout

    class Layer(nn.Cell):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.in_channels = WIDTH
            self.lora_dropout = nn.Dropout(p=RATE).set_train()

        def construct(self, x: Any) -> Any:
            return self.lora_dropout(x)

    network = nn.SequentialCell(Layer(), Layer()).set_train()
    change = Dropout(network, {"rate": RATE, "seed": 1})
    ones = ms.Tensor(np.ones((ROWS, WIDTH), np.float32))
    found = []
    for step in (1, 2, 1):
        change.before_step(step)
        found.append(network(ones).asnumpy())
    assert np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])
    # Both layers drop, and not the same: the share that passes both.
    assert float((found[0] != 0).mean()) == pytest.approx((1 - RATE) ** 2, abs=0.02)
    assert [one.name for one in network.get_parameters() if one.requires_grad] == []
    assert {one.name for one in network.get_parameters()} == {STEP_NAME}

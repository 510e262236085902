"""Records that share a row: each is answered and learned as it would be alone, through MindFormers' own network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend.changes import network_changes, packing_changes
from backend.versions import version
from core.config import load_contest
from core.packed import columns, planned_columns

Ints = NDArray[np.int32]
BOS, PAD, WIDTH = 1, 3, 33
# Full to the last place, with the padding token within a record (it also ends answers in some models), of one token.
PACKED = [[8, 11, 14], [12, 12], [33], [5, 1, 6, 1, 9], [20, 4]]


def test_a_packed_run_is_given_the_mask_and_the_column_and_another_run_neither() -> None:
    for more, bos in (((), None), (("data.retention_records=0",), 1)):
        config = load_contest("practice_math", ["data.packing=true", *more])
        names = planned_columns(config)
        assert names == columns(bos is None)
        (change,) = network_changes(config, names)
        settings = {"bos": bos, "pad": 3, "flash": False}
        assert change == {"module": "backend.changes.packing", "settings": settings}
        composed = version().finetune_yaml(config, Path("data"), Path("train"), None, [1], names)
        assert composed["train_dataset"]["input_columns"] == list(names)
    plain = load_contest("practice_math")
    assert network_changes(plain, planned_columns(plain)) == []
    composed = version().finetune_yaml(plain, Path("data"), Path("train"), None, [1])
    assert composed["train_dataset"]["input_columns"] == ["input_ids", "labels"]


@pytest.mark.parametrize("contest", ["math_llama3", "choice_internlm"])
def test_an_npu_is_given_the_mask_of_flash_attention(contest: str) -> None:
    config = load_contest(contest, ["data.packing=true", "machine=ascend_4x32g"])
    (change,) = packing_changes(config, planned_columns(config))
    assert change in network_changes(config, planned_columns(config))
    assert change["settings"]["flash"] is True
    assert change["settings"]["pad"] == config.model.pad_token_id


def seen(begins: NDArray[np.bool_], tokens: Ints) -> NDArray[np.bool_]:
    """Which token sees which [batch, length, length], said token by token."""
    batch, length = tokens.shape
    found = np.zeros((batch, length, length), dtype=bool)
    for row in range(batch):
        for here in range(length):
            for there in range(here, -1, -1):
                found[row, here, there] = tokens[row, there] != PAD
                if begins[row, there]:
                    break
    return found


@pytest.fixture(scope="module")
def masks() -> dict[tuple[int | None, bool], Any]:
    """The masks of packing, and MindFormers' own, for flash attention and without."""
    import mindspore

    from backend.changes.packing import RecordMask

    mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
    return {
        (bos, flash): RecordMask(bos, PAD, mindspore.float32, flash) for bos in (BOS, None) for flash in (True, False)
    }


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.parametrize("flash", [True, False])
@pytest.mark.parametrize("bos", [BOS, None])
@settings(max_examples=25)
@given(data=st.data())
def test_a_token_sees_its_own_record_up_to_itself(
    masks: dict[tuple[int | None, bool], Any], bos: int | None, flash: bool, data: st.DataObject
) -> None:
    import mindspore

    drawn = st.lists(st.sampled_from([BOS, PAD, 7, 8]), min_size=12, max_size=12)
    tokens = np.array(data.draw(st.lists(drawn, min_size=2, max_size=2)), dtype=np.int32)
    begins = tokens == BOS
    shown = tokens if bos else np.where(begins, -1 - tokens, tokens)
    mask = masks[bos, flash](mindspore.Tensor(shown)).asnumpy()
    assert (mask.shape, mask.dtype) == ((2, 1, 12, 12), np.uint8 if flash else np.float32)
    assert ((mask[:, 0] == 0) == seen(begins, tokens)).all()
    assert set(np.unique(mask).tolist()) <= ({0, 1} if flash else {0.0, -10000.0})


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.parametrize("flash", [True, False])
def test_rows_of_one_record_have_the_mask_of_mindformers(
    masks: dict[tuple[int | None, bool], Any], flash: bool
) -> None:
    import mindspore
    from mindformers.modules.transformer.transformer import LowerTriangularMaskWithDynamic

    rows = np.full((2, 12), PAD, dtype=np.int32)
    rows[0, :7], rows[1] = [BOS, 7, 8, 9, PAD, 10, 11], [BOS, *range(20, 31)]
    own = LowerTriangularMaskWithDynamic(12, 2, mindspore.float32, False, PAD, flash)
    expected, found = (cell(mindspore.Tensor(rows)).asnumpy() for cell in (own, masks[BOS, flash]))
    assert expected.dtype == found.dtype
    assert (expected == found).all()


class Packed:
    """MindFormers' network of the practice model with an adapter, packed in a way, and the same one as it is."""

    def __init__(self, bos: int | None) -> None:
        import mindspore

        from backend.changes.packing import Packing
        from backend.model_config import llama_config
        from backend.network import Network
        from core.models import family_of

        config = load_contest("practice_math")
        self.tensor, self.with_column = mindspore.Tensor, bos is None
        self.networks = []
        for _ in range(2):
            values = llama_config(config.model, WIDTH - 1, config.machine)
            network = Network({key: value for key, value in values.items() if key != "type"}, family_of(config.model))
            network.adapt(config.method)
            random = np.random.default_rng(5)
            for parameter in network._network.get_parameters():
                if "norm" not in parameter.name:  # the adapter's second half too, which begins at nought
                    drawn = random.normal(size=parameter.shape).astype(np.float32) * 0.08
                    parameter.set_data(mindspore.Tensor(drawn))
            self.networks.append(network._network)
        self.plain, self.packed = self.networks
        Packing(self.packed, {"bos": bos, "pad": PAD, "flash": False})
        self.gradients = [
            mindspore.value_and_grad(network, None, network.trainable_params()) for network in self.networks
        ]

    def rows(self, records: Sequence[Sequence[Ints]], column: bool) -> list[Any]:
        """Lay out rows, each of one record or several: input_ids, labels and, where asked for, segments."""
        ids = np.full((len(records), WIDTH), PAD, dtype=np.int32)
        labels, segments = np.full_like(ids, -100), np.zeros_like(ids)
        for row, packed in enumerate(records):
            at = 0
            for number, record in enumerate(packed, start=1):
                span = slice(at, at + len(record))
                ids[row, span] = labels[row, span] = record
                segments[row, span] = number
                labels[row, at] = -100
                at += len(record)
        return [self.tensor(one) for one in (ids, labels, *([segments] if column else []))]

    def logits(self, network: Any, records: Sequence[Sequence[Ints]], column: bool) -> NDArray[np.float32]:
        """Return the logits [rows, WIDTH - 1, vocabulary]."""
        rows = [self.tensor(one.asnumpy()[:, : WIDTH - 1]) for one in self.rows(records, column)]
        found: NDArray[np.float32] = network(*rows)[0].asnumpy()
        return found.reshape(len(records), WIDTH - 1, -1)


@pytest.fixture(scope="module", params=[BOS, None], ids=["by BOS", "by a column"])
def networks(request: pytest.FixtureRequest) -> Packed:
    return Packed(request.param)


@pytest.fixture(scope="module")
def records() -> list[list[Ints]]:
    random = np.random.default_rng(9)
    made = [[np.array([BOS, *random.integers(10, 1000, size - 1)], dtype=np.int32) for size in row] for row in PACKED]
    made[0][1][5] = PAD
    return made


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.timeout(240)
def test_packed_records_have_the_logits_of_each_alone(networks: Packed, records: list[list[Ints]]) -> None:
    alone = [[record] for row in records for record in row]
    for network in networks.networks:
        network.set_train(False)
    expected = networks.logits(networks.plain, alone, False)
    found = networks.logits(networks.packed, records, networks.with_column)
    unmasked = networks.logits(networks.plain, records, False)
    number, worst, apart = 0, 0.0, 0.0
    for row, packed in enumerate(records):
        at = 0
        for record in packed:
            here = slice(at, min(at + len(record), WIDTH - 1))  # a row's last token is asked nothing
            wanted = expected[number, : here.stop - here.start]
            worst = max(worst, float(np.abs(found[row, here] - wanted).max()))
            apart = max(apart, float(np.abs(unmasked[row, here] - wanted).max()))
            at, number = at + len(record), number + 1
    assert worst < 1e-4 * float(np.abs(expected).max())
    assert apart > 0.1, "without the mask, records do see each other"


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.timeout(240)
def test_loss_and_gradients_of_packed_rows_are_those_of_the_records_one_a_row(
    networks: Packed, records: list[list[Ints]]
) -> None:
    alone = [[record] for row in records for record in row]
    for network in networks.networks:
        network.set_train(True)
    one, several = networks.gradients
    expected, wanted = one(*networks.rows(alone, False))
    loss, found = several(*networks.rows(records, networks.with_column))
    assert abs(float(loss.asnumpy()) - float(expected.asnumpy())) < 1e-5
    assert len(found) == len(wanted) == len(networks.plain.trainable_params())
    for ours, theirs in zip(found, wanted, strict=True):
        scale = float(np.abs(theirs.asnumpy()).max())
        assert scale > 0
        assert float(np.abs(ours.asnumpy() - theirs.asnumpy()).max()) < 1e-4 * scale

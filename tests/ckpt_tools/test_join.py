"""Joining the slices of tensor- and pipeline-parallel workers: MindSpore's own transformation runs on real slices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools import join as joining
from ckpt_tools.formats.tensors import write_tensors
from ckpt_tools.join import join_adapter
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS, open_adapter, read_info
from core.errors import GateError, InputError, run_command
from core.files import write_json

pytestmark = [pytest.mark.mindspore, pytest.mark.slow]
Make = Callable[..., Path]
Arrays = dict[str, np.ndarray[Any, Any]]
TARGETS = ".*wq|.*wo"


def cut(name: str) -> list[int]:
    """The map of a LoRA tensor over (data parallel, model parallel), as MindFormers shards Llama's linear layers.

    wq is cut by its outputs, so rows of B; wo by its inputs, so columns of A. The other half is on every device.
    """
    return [0, -1] if "wq" in name and name.endswith("_b") else [-1, 0] if "wo" in name and name.endswith("_a") else [
        -1, -1
    ]  # fmt: skip


def step(name: str, devices: list[int], shards: int) -> int:
    """Distance of the devices that share a slice: those of one model-parallel group only where it is not cut."""
    return 0 if not shards else devices[-1] if 0 in cut(name) else 1


def write_strategy(path: Path, tensors: Mapping[str, Any], devices: list[int], stage: int = 0, shards: int = 0) -> None:
    """Write a strategy file as MindSpore's C++ side does: a protobuf message, or JSON by the suffix."""
    if path.suffix == ".json":
        items = {
            name: {
                "dev_matrix": devices, "tensor_map": cut(name), "param_split_shape": [], "field": 0,
                "opt_weight_shard_step": step(name, devices, shards), "opt_weight_shard_size": shards,
            }
            for name in tensors
        }  # fmt: skip
        write_json(path, {"current_stage": 0, "parallel_strategy_item": {}, "parallel_layout_item": items})
        return
    from mindspore.train import node_strategy_pb2

    strategy = node_strategy_pb2.ParallelStrategyMap()
    strategy.current_stage = stage
    item = strategy.parallel_strategy_item.add()
    item.node_name = "MatMul"
    item.parallel_strategys.stage = stage
    item.parallel_strategys.parallel_strategy.add().dim.extend(devices)
    for name in tensors:
        item = strategy.parallel_layout_item.add()
        item.param_name = name
        layout = item.parallel_layouts
        layout.dev_matrix.add().dim.extend(devices)
        layout.tensor_map.add().dim.extend(cut(name))
        layout.param_split_shape.add()
        layout.indices_offset.add()
        layout.field = 0
        layout.opt_weight_shard_step = step(name, devices, shards)
        layout.opt_weight_shard_size = shards
    path.write_bytes(strategy.SerializeToString())


def slices(tensors: Arrays, devices: list[int], shards: int = 0) -> Iterator[Arrays]:
    """Yield what each device of a stage holds, by numpy's own cutting."""
    data, model = devices
    for rank in range(data * model):
        held: Arrays = {}
        for name, values in tensors.items():
            place = cut(name)
            for axis in (0, 1):
                if place[axis] == 0:
                    values = np.split(values, model, axis)[rank % model]
            if shards:
                values = np.split(values, shards)[rank // step(name, devices, shards) % shards]
            held[name] = np.ascontiguousarray(values)
        yield held


@pytest.fixture
def adapter(make_base: Make, make_adapter: Make) -> Path:
    return make_adapter(make_base(), 8, targets=TARGETS)


def tensors_of(adapter: Path) -> Arrays:
    with open_adapter(adapter) as opened:
        return {name: opened.tensors.read(name) for name in opened.tensors}


def lay_out(
    tmp_path: Path, adapter: Path, devices: list[int], strategy: str = "strategy.ckpt", shards: int = 0,
    suffix: str = ".ckpt", dtype: Any = np.float32,
) -> Path:  # fmt: skip
    """Write the slices of an adapter and their strategy file as training leaves them; return the workers' folder."""
    workers = tmp_path / "workers"
    tensors = {name: values.astype(dtype) for name, values in tensors_of(adapter).items()}
    for rank, held in enumerate(slices(tensors, devices, shards)):
        others = {"model.norm_out.weight": np.ones(64, np.float32), "global_step": np.array(8, np.int32)}
        others |= {f"adam_m.{name}": values for name, values in held.items()}
        (workers / f"rank_{rank}").mkdir(parents=True)
        write_tensors(workers / f"rank_{rank}" / f"llama_rank_{rank}-4_2{suffix}", held | others)
    write_strategy(tmp_path / strategy, tensors, devices, shards=shards)
    write_json(workers / DESCRIPTION, read_info(adapter).content())
    return workers


@pytest.mark.parametrize(
    ("devices", "strategy", "shards", "suffix"),
    [
        ([1, 2], "strategy.ckpt", 0, ".ckpt"),
        ([2, 4], "strategy.ckpt", 0, ".safetensors"),
        ([2, 2], "strategy.json", 0, ".ckpt"),
        ([4, 2], "strategy.ckpt", 2, ".ckpt"),
        ([2, 1], "strategy.ckpt", 2, ".ckpt"),
    ],
)
def test_joined_slices_are_the_adapter(
    tmp_path: Path, adapter: Path, devices: list[int], strategy: str, shards: int, suffix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(joining, "_GROUP_BYTES", 1500)  # one tensor or two at a time
    workers = lay_out(tmp_path, adapter, devices, strategy, shards, suffix)
    result = join_adapter(workers, tmp_path / strategy, tmp_path / "joined", read_info(adapter))
    assert (tmp_path / "joined" / TENSORS).read_bytes() == (adapter / TENSORS).read_bytes()
    assert read_info(tmp_path / "joined") == read_info(adapter)
    assert result["workers"] == devices[0] * devices[1]
    assert result["tensors"] == 8
    assert result["sliced"] == (8 if shards else 4 if devices[1] > 1 else 0)
    base = next(tmp_path.glob("base_*"))
    (one,), (other,) = (merge(base, [folder], tmp_path / folder.name) for folder in (adapter, tmp_path / "joined"))
    assert one["sha256"] == other["sha256"]


def test_bfloat16_survives(tmp_path: Path, adapter: Path) -> None:
    import ml_dtypes

    workers = lay_out(tmp_path, adapter, [2, 2], dtype=ml_dtypes.bfloat16)
    join_adapter(workers, tmp_path / "strategy.ckpt", tmp_path / "joined", read_info(adapter))
    joined, wanted = tensors_of(tmp_path / "joined"), tensors_of(adapter)
    for name, values in wanted.items():
        assert joined[name].tobytes() == values.astype(ml_dtypes.bfloat16).tobytes()


def test_pipeline_stages(tmp_path: Path, adapter: Path) -> None:
    """Layer 0 on ranks 0 to 3, layer 1 on 4 to 7; each stage has a strategy file of its own."""
    tensors, devices = tensors_of(adapter), [2, 2]
    (tmp_path / "strategies").mkdir()
    for stage in (0, 1):
        held = {name: values for name, values in tensors.items() if f"layers.{stage}." in name}
        write_strategy(tmp_path / "strategies" / f"ckpt_strategy_rank_{4 * stage}.ckpt", held, devices, stage)
        for rank, part in enumerate(slices(held, devices), start=4 * stage):
            (tmp_path / "workers" / f"rank_{rank}").mkdir(parents=True)
            write_tensors(tmp_path / "workers" / f"rank_{rank}" / "last.ckpt", part)
    join_adapter(tmp_path / "workers", tmp_path / "strategies", tmp_path / "joined", read_info(adapter))
    assert (tmp_path / "joined" / TENSORS).read_bytes() == (adapter / TENSORS).read_bytes()


def test_what_mindspores_own_command_does_is_the_same(tmp_path: Path, adapter: Path) -> None:
    import mindspore

    workers = lay_out(tmp_path, adapter, [2, 2])
    mindspore.transform_checkpoints(str(workers), str(tmp_path / "theirs"), "x", str(tmp_path / "strategy.ckpt"))
    theirs = mindspore.load_checkpoint(str(tmp_path / "theirs" / "rank_0" / "x0.ckpt"))
    join_adapter(workers, tmp_path / "strategy.ckpt", tmp_path / "joined", read_info(adapter))
    for name, values in tensors_of(tmp_path / "joined").items():
        assert theirs[name].asnumpy().tobytes() == values.tobytes()


def test_what_does_not_fit_is_refused(tmp_path: Path, adapter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workers, strategy, out = lay_out(tmp_path, adapter, [2, 2]), tmp_path / "strategy.ckpt", tmp_path / "joined"
    info = read_info(adapter)
    last = workers / "rank_3" / "llama_rank_3-4_2.ckpt"
    good = last.read_bytes()
    *_, held = slices(tensors_of(adapter), [2, 2])
    name = "model.layers.1.attention.wq.mindpet_delta_lora_b"

    def refused(kind: type[Exception], what: str, **changes: Path) -> None:
        with pytest.raises(kind, match=what):
            join_adapter(changes.get("workers", workers), changes.get("strategy", strategy), out, info)
        assert not list(out.glob("*"))

    # A replica that differs: rank 3 holds the slice of rank 1, which MindSpore alone would never look at.
    write_tensors(last, held | {name: held[name] + 1})
    refused(GateError, f"rank_3.*its slice of {name} differs")
    write_tensors(last, {key: values for key, values in held.items() if key != name})
    refused(InputError, f"rank_3.*lacks {name}")
    write_tensors(last, held | {name: held[name][:3]})
    refused(InputError, f"rank_3.*{name} differs in type or shape")
    write_tensors(last.with_name("more.ckpt"), held)
    refused(InputError, r"rank_3: 2 checkpoints .* choose with --pattern")
    last.with_name("more.ckpt").unlink()
    last.unlink()
    refused(InputError, "rank_3: 0 checkpoints")
    last.parent.rmdir()
    refused(InputError, "rank_3 is missing")
    last.parent.mkdir()
    last.write_bytes(good)
    refused(InputError, "holds no rank_0", workers=tmp_path)
    other = tmp_path / "other.ckpt"
    write_strategy(other, ["some.weight"], [2, 2])
    refused(InputError, "no layout of model.layers.0", strategy=other)
    other.write_bytes(b"no strategy")
    refused(InputError, "no strategy file of MindSpore", strategy=other)
    refused(InputError, "no strategy file of MindSpore", strategy=tmp_path / "nowhere.ckpt")
    (tmp_path / "empty").mkdir()
    refused(InputError, "MindSpore|no layout", strategy=tmp_path / "empty")
    words = ["--workers", str(workers), "--strategy", str(strategy), "--out", str(out), "--json"]
    write_json(workers / DESCRIPTION, info.content() | {"rank": 2})
    assert run_command(joining.main, words) == 2
    assert "rank 2 needs" in capsys.readouterr().err
    assert not list(out.glob("*"))
    write_json(workers / DESCRIPTION, info.content())
    assert run_command(joining.main, words) == 0
    assert json.loads(capsys.readouterr().out)["workers"] == 4

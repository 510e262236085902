"""Verifying by MindFormers' own model: a right merge passes, a wrong one and files that do not fit are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools import verify as verifying
from ckpt_tools.count import Shape
from ckpt_tools.merge import merge
from ckpt_tools.tensors import open_tensors, write_tensors
from ckpt_tools.verify import verify
from core.errors import GateError, InputError, run_command

PROMPTS = [[1, 5, 9, 30], list(range(32)), [99]]
WQ = "model.layers.1.attention.wq.weight"


@pytest.fixture
def config(tiny: Shape) -> dict[str, Any]:
    return vars(tiny) | {"seq_length": 32}


@pytest.mark.mindspore
@pytest.mark.slow
def test_merged_files_give_the_adapted_logits(
    tmp_path: Path,
    make_base: Callable[..., Path],
    make_adapter: Callable[..., Path],
    config: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = make_base()
    adapter = make_adapter(base, 4, targets=".*wq|.*wv|.*wo|.*w1|.*w2", size=0.2)
    for file_format, dtype in (("ckpt", None), ("safetensors", "bfloat16")):
        (ledger,) = merge(base, [adapter], tmp_path / "out", file_format, dtype)
        merged = tmp_path / "out" / ledger["file"]
        result = verify(base, adapter, merged, config, PROMPTS)
        assert result["passed"] is True
        assert result["tokens"] == 37
        assert result["max_difference"] < result["base_difference"] / 10
        assert result["same_next_token"] > 0.8
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "prompts.json").write_text(json.dumps(PROMPTS))
    words = f"--base {base} --adapter {adapter} --merged {tmp_path / 'out/step_4.ckpt'} --json".split()
    words += ["--config", str(tmp_path / "config.json"), "--prompts", str(tmp_path / "prompts.json")]
    capsys.readouterr()
    assert run_command(verifying.main, words) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["relative"] < 1e-4

    with pytest.raises(GateError, match="its logits differ"):
        verify(base, adapter, base, config, PROMPTS)
    with open_tensors(tmp_path / "out/step_4.ckpt") as tensors:
        arrays = {name: tensors.read(name) for name in tensors}
    halved = tmp_path / "halved.ckpt"
    with open_tensors(base) as tensors:  # the adapter at half its scaling
        write_tensors(halved, {name: (values + tensors.read(name)) / 2 for name, values in arrays.items()})
    with pytest.raises(GateError, match="its logits differ"):
        verify(base, adapter, halved, config, PROMPTS)
    for changes, what in (
        ({name: values for name, values in arrays.items() if name != WQ}, f"lacks '{WQ}'"),
        (arrays | {"model.extra": arrays[WQ]}, "has the unexpected 'model.extra'"),
        (arrays | {WQ: arrays[WQ][:3]}, "has shape"),
    ):
        write_tensors(tmp_path / "wrong.ckpt", changes)
        with pytest.raises(InputError, match=what):
            verify(base, adapter, tmp_path / "wrong.ckpt", config, PROMPTS)


@pytest.mark.parametrize(
    ("prompts", "what"),
    [
        ([], "no prompt"),
        ([[]], "prompt 1: 0 tokens"),
        ([[1], [1] * 33], "prompt 2: 33 tokens"),
        ([[100]], "100 is no token id"),
        ([[-1]], "-1 is no token id"),
        ([["a"]], "'a' is no token id"),
        ([[True]], "True is no token id"),
    ],
)
def test_prompts_that_do_not_fit_are_refused(
    tmp_path: Path, config: dict[str, Any], prompts: list[list[Any]], what: str
) -> None:
    with pytest.raises(InputError, match=what):
        verify(tmp_path, tmp_path, tmp_path, config, prompts)


def test_another_base_is_refused_before_mindspore_is_loaded(
    make_base: Callable[..., Path], make_adapter: Callable[..., Path], config: dict[str, Any]
) -> None:
    base = make_base()
    adapter = make_adapter(base, 4)
    other = make_base("float16")
    with pytest.raises(InputError, match="another base"):
        verify(other, adapter, base, config, PROMPTS)
    with pytest.raises(InputError, match="seq_length and vocab_size"):
        verify(base, adapter, base, {}, PROMPTS)


def test_padding_is_at_the_end(config: dict[str, Any]) -> None:
    rows = verifying._padded([[1, 2]], config)
    assert rows.dtype == np.int32
    assert rows.tolist() == [[1, 2] + [0] * 30]

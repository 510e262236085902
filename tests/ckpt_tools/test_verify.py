"""Verifying by MindFormers' own model: a right merge passes, a wrong one and files that do not fit are refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools import verify as verifying
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.verify import verify
from core.errors import GateError, InputError, run_command
from core.models.llama import Shape
from core.places import ROOT

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
    adapter, other = (make_adapter(base, step, targets=".*wq|.*wv|.*wo|.*w1|.*w2", size=0.2) for step in (4, 8))
    merge(base, [adapter, other], tmp_path / "out")
    merge(base, [adapter], tmp_path / "short", "safetensors", "bfloat16", shard_size=50_000)
    merges = [
        (other, tmp_path / "out" / "step_8.ckpt"),
        (adapter, tmp_path / "out" / "step_4.ckpt"),
        (adapter, tmp_path / "short" / "step_4"),
    ]
    results = verify(base, merges, config, PROMPTS)
    assert [result["step"] for result in results] == [8, 4, 4]
    for result in results:
        assert result["passed"] is True
        assert result["tokens"] == 37
        assert result["max_difference"] < result["base_difference"] / 10
        assert result["same_next_token"] > 0.8
        assert result["beyond_rounding"] < 1e-5

    assert "may have swallowed" not in capsys.readouterr().err
    faint = make_adapter(base, 9, size=1e-5)
    merge(base, [faint], tmp_path / "short", "safetensors", "bfloat16")
    (result,) = verify(base, [(faint, tmp_path / "short" / "step_9.safetensors")], config, PROMPTS)
    assert result["max_difference"] > result["base_difference"]  # the type swallowed the adapter
    assert "rounding may have swallowed it" in capsys.readouterr().err

    # In a short type a wrong step passes the tolerance, but is not what rounding explains.
    merge(base, [make_adapter(base, 11, size=5e-4)], tmp_path / "short", "safetensors", "bfloat16")
    with pytest.raises(GateError, match=r"more than rounding explains.*step_11\.safetensors by"):
        verify(base, [(make_adapter(base, 12, size=5e-4), tmp_path / "short/step_11.safetensors")], config, PROMPTS)

    with open_tensors(tmp_path / "out/step_4.ckpt") as tensors:
        arrays = {name: tensors.read(name) for name in tensors}
    halved = tmp_path / "halved.ckpt"
    with open_tensors(base) as tensors:  # the adapter at half its scaling
        write_tensors(halved, {name: (values + tensors.read(name)) / 2 for name, values in arrays.items()})
    with pytest.raises(GateError, match=r"halved.ckpt by .*, .*base_float32.ckpt by .*allowed 0.0001") as failure:
        verify(base, [(adapter, halved), merges[0], (adapter, base)], config, PROMPTS)
    assert "step_8" not in str(failure.value)
    for changes, what in (
        ({name: values for name, values in arrays.items() if name != WQ}, f"lacks '{WQ}'"),
        (arrays | {"model.extra": arrays[WQ]}, "has the unexpected 'model.extra'"),
        (arrays | {WQ: arrays[WQ][:3]}, "has shape"),
    ):
        write_tensors(tmp_path / "wrong.ckpt", changes)
        with pytest.raises(InputError, match=what):
            verify(base, [(adapter, tmp_path / "wrong.ckpt")], config, PROMPTS)


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    script = [sys.executable, str(ROOT / "ckpt_tools/verify.py"), *map(str, words)]
    return subprocess.run(script, capture_output=True, text=True, check=False)


@pytest.mark.mindspore
@pytest.mark.slow
def test_json_on_standard_output_is_json_alone(
    tmp_path: Path, make_base: Callable[..., Path], make_adapter: Callable[..., Path], config: dict[str, Any]
) -> None:
    base = make_base()
    merge(base, [make_adapter(base, 4)], tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "prompts.json").write_text(json.dumps(PROMPTS))
    files = {"base": base, "adapter": tmp_path / "adapters/step_4", "merged": tmp_path / "step_4.ckpt"}
    files |= {"config": tmp_path / "config.json", "prompts": tmp_path / "prompts.json"}
    done = command("--json", *(word for name, file in files.items() for word in (f"--{name}", file)))
    assert done.returncode == 0, done.stderr[-2000:]
    (result,) = json.loads(done.stdout)["checkpoints"]
    assert result["relative"] < 1e-4


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "give --run RUN, or all of --base, --adapter, --merged, --config, --prompts (--base is missing)"),
        (["--base", "b"], "(--adapter is missing)"),
        (["--run", "r", "--merged", "m"], "--merged does not go with --run"),
        (["--base", "b", "--adapter", "a", "--merged", "m", "--config", "c", "--prompts", "p", "--step", "1"], "--run"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    words: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(verifying.main, words) == 2
    assert what in capsys.readouterr().err


@pytest.mark.parametrize(
    ("prompts", "what"),
    [
        ([], "no prompt"),
        ([[]], "prompt 1: 0 tokens"),
        ([[1], [1] * 33], "prompt 2: 33 tokens"),
        ([[100]], "100 is not a token id"),
        ([[-1]], "-1 is not a token id"),
        ([["a"]], "'a' is not a token id"),
        ([[True]], "True is not a token id"),
    ],
)
def test_prompts_that_do_not_fit_are_refused(
    tmp_path: Path, config: dict[str, Any], prompts: list[list[Any]], what: str
) -> None:
    with pytest.raises(InputError, match=what):
        verify(tmp_path, [(tmp_path, tmp_path)], config, prompts)


def test_another_base_is_refused_before_mindspore_is_loaded(
    make_base: Callable[..., Path], make_adapter: Callable[..., Path], config: dict[str, Any]
) -> None:
    base = make_base()
    adapter = make_adapter(base, 4)
    other = make_base("float16")
    with pytest.raises(InputError, match="another base"):
        verify(other, [(adapter, base)], config, PROMPTS)
    with pytest.raises(InputError, match="seq_length and vocab_size"):
        verify(base, [(adapter, base)], {}, PROMPTS)
    wider = make_adapter(base, 5, rank=8)
    with pytest.raises(InputError, match="verify it alone"):
        verify(base, [(adapter, base), (wider, base)], config, PROMPTS)


def test_padding_is_at_the_end(config: dict[str, Any]) -> None:
    rows = verifying._padded([[1, 2]], config)
    assert rows.dtype == np.int32
    assert rows.tolist() == [[1, 2] + [0] * 30]

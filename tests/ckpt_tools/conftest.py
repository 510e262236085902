"""A small base model and adapters of it, as files."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.formats.tensor_file import DTYPES
from ckpt_tools.formats.tensors import write_tensors
from ckpt_tools.merging.adapter import AdapterInfo, write_adapter
from core.files import sha256_file
from core.methods.lora import LoraConfig
from core.models.llama import Shape, parameter_shapes, target_linears

# MindFormers writes its logs into ./output otherwise.
os.environ.setdefault("LOCAL_DEFAULT_PATH", tempfile.mkdtemp(prefix="mindformers-"))

Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]

TINY = Shape(
    hidden_size=64,
    num_layers=2,
    num_heads=4,
    n_kv_heads=2,
    vocab_size=100,
    intermediate_size=96,
    qkv_has_bias=True,
    attn_proj_has_bias=True,
)
TARGETS = ".*wq|.*wv"


@pytest.fixture
def tiny() -> Shape:
    return TINY


@pytest.fixture
def base_arrays() -> Callable[[str], Arrays]:
    def make(dtype: str = "float32") -> Arrays:
        random = np.random.default_rng(7)
        return {
            name: (random.standard_normal(shape) * 0.1 + name.endswith("norm.weight")).astype(DTYPES[dtype])
            for name, shape in parameter_shapes(TINY).items()
        }

    return make


@pytest.fixture
def make_base(tmp_path: Path, base_arrays: Callable[[str], Arrays]) -> Callable[..., Path]:
    def make(dtype: str = "float32", suffix: str = ".ckpt", changes: Mapping[str, Any] | None = None) -> Path:
        path = tmp_path / f"base_{dtype}{suffix}"
        write_tensors(path, base_arrays(dtype) | dict(changes or {}))
        return path

    return make


@pytest.fixture
def make_adapter(tmp_path: Path) -> Callable[..., Path]:
    def make(
        base: Path, step: int, *, rank: int = 4, alpha: float = 8, targets: str = TARGETS, size: float = 0.05
    ) -> Path:
        random = np.random.default_rng(step)
        tensors: Arrays = {}
        for weight, (out, into) in target_linears(TINY, targets).items():
            layer = weight.removesuffix(".weight")
            tensors[f"{layer}.mindpet_delta_lora_a"] = random.standard_normal((rank, into)).astype(np.float32)
            tensors[f"{layer}.mindpet_delta_lora_b"] = (random.standard_normal((out, rank)) * size).astype(np.float32)
        folder = tmp_path / "adapters" / f"step_{step}"
        settings = LoraConfig(name="lora", rank=rank, alpha=alpha, target_modules=targets)
        write_adapter(folder, tensors, AdapterInfo(settings, sha256_file(base), step, "tiny"))
        return folder

    return make


@pytest.fixture
def peft_python() -> Callable[..., str]:
    """Runs an interpreter that has PyTorch, transformers and PEFT, and returns what it prints; skips without one."""
    interpreter = os.environ.get("KIT_PEFT_PYTHON")
    if not interpreter:
        pytest.skip("KIT_PEFT_PYTHON names no interpreter with PEFT")

    def run(*words: str) -> str:
        done = subprocess.run([interpreter, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run

"""Names with what training wraps around a model: taken as the model's own, wherever a wrapper may stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_tools.conversion.rewrite import convert
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.formats.wrapped import beginning, unwrapped, without_wrappers
from ckpt_tools.merging.adapter import TENSORS
from ckpt_tools.peft import from_peft, to_peft
from core.errors import InputError
from core.models.llama import Shape, parameter_shapes

Make = Callable[..., Path]
SHAPE = Shape(hidden_size=8, num_layers=2, num_heads=2, n_kv_heads=2, vocab_size=11, intermediate_size=12)
PREFIX = "base_model.model."


def rewritten(path: Path, rename: Callable[[str], str], out: Path) -> Path:
    with open_tensors(path) as tensors:
        write_tensors(out, {rename(name): tensors.read(name) for name in tensors})
    return out


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace(".weight", ".default.weight"),
        lambda name: name.replace(".weight", ".my-run_2.weight"),
        lambda name: name.removeprefix(PREFIX),
        lambda name: f"module.{name}",
        lambda name: f"_orig_mod.{name}".replace("layers.", "layers._checkpoint_wrapped_module."),
        lambda name: f"module._orig_mod.{name.removeprefix(PREFIX)}".replace(".weight", ".default.weight"),
        lambda name: f"_fsdp_wrapped_module.{name}".replace("self_attn.", "self_attn._fsdp_wrapped_module."),
        lambda name: f"learner.net.{name}",
        lambda name: name.replace(PREFIX, "base_model."),
        lambda name: name,
    ],
)
def test_adapters_are_taken_however_their_tensors_were_kept(
    tmp_path: Path, make_base: Make, make_adapter: Make, rename: Callable[[str], str]
) -> None:
    base = make_base()
    adapter = make_adapter(base, 3, targets=".*wq|.*w2")
    to_peft(adapter, tmp_path / "peft", "")
    file = tmp_path / "peft" / "adapter_model.safetensors"
    rewritten(file, rename, file)
    from_peft(tmp_path / "peft", base, tmp_path / "back", step=3)
    assert (tmp_path / "back" / TENSORS).read_bytes() == (adapter / TENSORS).read_bytes()


def test_two_adapters_in_one_file_are_told_apart(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    to_peft(make_adapter(base, 3), tmp_path / "peft", "")
    file = tmp_path / "peft" / "adapter_model.safetensors"
    rewritten(file, lambda name: name.replace("A.weight", "A.one.weight").replace("B.weight", "B.two.weight"), file)
    with pytest.raises(InputError, match=r"holds several adapters \(one, two\); keep the tensors of one"):
        from_peft(tmp_path / "peft", base, tmp_path / "back")


def test_what_belongs_to_no_layer_is_still_refused(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    to_peft(make_adapter(base, 3), tmp_path / "peft", "")
    file = tmp_path / "peft" / "adapter_model.safetensors"
    rewritten(file, lambda name: name.replace("layers.1.", "layers.7."), file)
    with pytest.raises(InputError, match=r"layers\.7\..*has no place"):
        from_peft(tmp_path / "peft", base, tmp_path / "back")


words = st.lists(st.sampled_from(["module", "_orig_mod", "net", "base_model", "model", "my_net"]), max_size=4)


@settings(max_examples=20)
@given(before=words)
def test_a_base_is_converted_whatever_stands_before_its_names(
    before: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("base")
    values: dict[str, Any] = {
        name: np.full(shape, number, np.float32) for number, (name, shape) in enumerate(parameter_shapes(SHAPE).items())
    }
    wrapped = {".".join([*before, name]): array for name, array in values.items()}
    write_tensors(folder / "in.safetensors", wrapped)
    with unwrapped(open_tensors(folder / "in.safetensors"), "model.tok_embeddings.embedding_weight".__eq__) as tensors:
        assert set(tensors) == set(values)
        convert(tensors, SHAPE, "mindformers", folder / "out.ckpt")
    with open_tensors(folder / "out.ckpt") as tensors:
        assert all((tensors.read(name) == array).all() for name, array in values.items())


def test_names_that_become_one_are_refused(tmp_path: Path) -> None:
    zeros = np.zeros(3, np.float32)
    write_tensors(tmp_path / "a.safetensors", {"a.b": zeros, "_orig_mod.a.b": zeros})
    with pytest.raises(InputError, match=r"a\.b and .*a\.b are the same tensor of the model"):
        unwrapped(open_tensors(tmp_path / "a.safetensors"), {"a.b"}.__contains__)


def test_what_is_not_wrapped_stays_as_it_is() -> None:
    assert without_wrappers("model.layers.0.module.weight") == "model.layers.0.module.weight"
    assert beginning(["model.a", "model.b"], {"other"}.__contains__) == ""
    assert beginning(["model.a"], {"model.a"}.__contains__) == ""

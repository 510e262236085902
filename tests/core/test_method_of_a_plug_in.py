"""A tuning method added from a folder: it is counted, planned, merged and converted like LoRA.

HRA of docs/extending.md differs from LoRA in all that a method can differ in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS, AdapterInfo, open_adapter, write_adapter
from ckpt_tools.peft import from_peft, to_peft
from core.config import dump, load_contest, load_method, load_run, names
from core.errors import InputError
from core.files import read_json, sha256_file, write_json
from core.methods import method_of
from core.models.llama import parameter_shapes
from core.places import ROOT
from tests.core.test_methods import SHAPE, check_network, check_update
from tests.recipes import recipes

HRA = recipes()["a tuning method that needs its own cell"]
Arrays = dict[str, np.ndarray]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = HRA.write(tmp_path / "mine")
    monkeypatch.setenv("KIT_PLUGINS", str(folder))
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    shapes = parameter_shapes(SHAPE)
    write_tensors(
        tmp_path / "base.ckpt", {name: random.standard_normal(size).astype("f4") for name, size in shapes.items()}
    )
    return tmp_path / "base.ckpt"


@pytest.fixture
def adapter(tmp_path: Path, plugin: Path, base: Path) -> Path:
    settings = load_method("hra_qv")
    random = np.random.default_rng(1)
    tensors = method_of(settings).tensors(settings, SHAPE)
    arrays = {name: random.standard_normal(shape).astype("f4") for name, shape in tensors.items()}
    write_adapter(tmp_path / "adapter", arrays, AdapterInfo(settings, sha256_file(base), 3, "tiny"))
    return tmp_path / "adapter"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )


def arrays(path: Path) -> Arrays:
    with open_tensors(path) as tensors:
        return {name: tensors.read(name) for name in tensors}


def test_it_is_counted_and_planned_by_the_commands(plugin: Path) -> None:
    assert "hra_qv" in names("methods")
    counted = run("ckpt_tools/count.py", "--model", "practice", "--method", "hra_qv", "--json")
    assert json.loads(counted.stdout)["trainable"] == 4 * 2 * 160 * 2, counted.stderr
    one = run("ckpt_tools/count.py", "--model", "practice", "--method", "hra_qv", "--targets", "wk", "--json")
    assert json.loads(one.stdout)["trainable"] == 4 * 160 * 2
    refused = run("ckpt_tools/count.py", "--model", "practice", "--method", "hra_qv", "--rank", "4")
    assert refused.returncode == 2
    assert "unknown setting 'rank'" in refused.stderr
    plan = run("finetune/run.py", "--contest", "practice_math", "--dry-run", "--json", "method=hra_qv")
    planned = json.loads(plan.stdout)
    assert planned["trainable"] == 2560
    assert planned["method"] == "HRA, 2 reflections on .*wq|.*wv: 2,560 trained parameters"
    assert planned["mindformers_yaml"]["model"]["arch"] == {"type": "LlamaForCausalLM"}
    assert "pet_config" not in planned["mindformers_yaml"]["model"]["model_config"]
    (change,) = planned["network_changes"]
    assert change["module"] == "backend.methods.hra"
    assert change["settings"]["target_modules"] == ".*wq|.*wv"


def test_its_settings_are_checked_and_survive_run_yaml(plugin: Path, tmp_path: Path) -> None:
    config = load_contest("practice_math", ["method=hra_qv", "method.target_modules=wk"])
    assert config.method.model_dump() == {"name": "hra_qv", "type": "hra", "pairs": 1, "target_modules": "wk"}
    (tmp_path / "run.yaml").write_text(dump(config), encoding="utf-8")
    assert load_run(tmp_path / "run.yaml") == config
    assert load_run(tmp_path / "run.yaml", ["method=lora_qv", "method.rank=4"]).method.type == "lora"
    for wrong, what in (
        ("method.target=wk", "unknown setting 'method.target'; did you mean 'method.target_modules'"),
        ("method.rank=4", "unknown setting 'method.rank'"),
        ("method.target_modules=*.wk", "is not a regular expression"),
    ):
        with pytest.raises(InputError, match=what.replace("*", r"\*")):
            load_contest("practice_math", ["method=hra_qv", wrong])


def test_its_type_may_be_chosen_on_the_command_line(plugin: Path) -> None:
    with pytest.raises(InputError, match="unknown setting 'method.rank'"):
        load_contest("practice_math", ["method.target_modules=wk", "method.type=hra"])
    chosen = "method={name: hra_qv, target_modules: wv}"
    assert load_contest("practice_math", [chosen]).method.model_dump()["target_modules"] == "wv"


def test_its_adapter_is_merged_by_its_formula(tmp_path: Path, base: Path, adapter: Path) -> None:
    assert read_json(adapter / DESCRIPTION) == {
        "method": "hra",
        "settings": {"pairs": 1, "target_modules": ".*wq|.*wv"},
        "base_sha256": sha256_file(base),
        "step": 3,
        "model": "tiny",
        "schema": 2,
    }
    (manifest,) = merge(base, [adapter], tmp_path / "out")
    before, after, vectors = arrays(base), arrays(tmp_path / "out" / "step_3.ckpt"), arrays(adapter / TENSORS)
    changed = {name.replace(".hra_u", ".weight"): values.astype("f8") for name, values in vectors.items()}
    assert len(changed) == 4
    for name, values in before.items():
        if name in changed:
            wanted = values.astype("f8")
            for u in changed[name].T:
                wanted = wanted @ (np.eye(len(u)) - 2 * np.outer(u, u) / (u @ u))
            np.testing.assert_allclose(after[name], wanted, rtol=1e-6, atol=2e-6)
        else:
            assert after[name].tobytes() == values.tobytes()
    assert {entry["name"]: entry["u"] for entry in manifest["merged"]} == {
        name: name.replace(".weight", ".hra_u") for name in changed
    }
    assert manifest["adapter"] == read_json(adapter / DESCRIPTION)
    assert manifest["error_share"] <= 1
    assert "scaling" not in manifest
    assert merge(base, [adapter], tmp_path / "out") == [manifest]


def test_a_base_that_holds_such_an_adapter_is_refused(tmp_path: Path, base: Path, adapter: Path) -> None:
    write_tensors(base, arrays(base) | arrays(adapter / TENSORS))
    write_json(adapter / DESCRIPTION, read_json(adapter / DESCRIPTION) | {"base_sha256": sha256_file(base)})
    with pytest.raises(InputError, match="holds an adapter's tensor itself"):
        merge(base, [adapter], tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda held: held.pop("model.layers.0.attention.wq.hra_u"), "its group of reflections is missing"),
        (
            lambda held: held.update({"model.layers.0.attention.wq.else": np.ones(3, "f4")}),
            "not a part of a HRA",
        ),
        (lambda held: held.update({"model.layers.0.attention.wq.hra_u": np.ones((3, 2), "f4")}), "makes a matrix"),
        (lambda held: held.update({"model.layers.0.attention.wk.hra_u": np.ones((64, 2), "f4")}), "does not match it"),
        (lambda held: held.update({"model.layers.0.attention.wq.hra_u": np.ones(64, "f4")}), r"needs U \[in, 2\]"),
        (
            lambda held: held.update({"model.layers.0.attention.wq.hra_u": np.full((64, 2), np.nan, "f4")}),
            "NaN or infinity",
        ),
    ],
)
def test_an_adapter_of_it_that_does_not_fit_is_refused(
    tmp_path: Path, base: Path, adapter: Path, change: Callable[[Arrays], object], what: str
) -> None:
    held = arrays(adapter / TENSORS)
    change(held)
    write_tensors(adapter / TENSORS, held)
    with pytest.raises(InputError, match=what):
        merge(base, [adapter], tmp_path / "out")


def test_peft_and_back(tmp_path: Path, base: Path, adapter: Path) -> None:
    config = to_peft(adapter, tmp_path / "peft", "some/base")
    assert (config["peft_type"], config["target_modules"]) == ("HRA", ["q_proj", "v_proj"])
    assert {values.shape for values in arrays(tmp_path / "peft" / "adapter_model.safetensors").values()} == {(64, 2)}
    info = from_peft(tmp_path / "peft", base, tmp_path / "back", step=3, model="tiny")
    assert info.content()["settings"] == {"pairs": 1, "target_modules": ".*wq|.*wv"}
    assert (tmp_path / "back" / TENSORS).read_bytes() == (adapter / TENSORS).read_bytes()
    write_json(tmp_path / "peft" / "adapter_config.json", config | {"apply_GS": True})
    with pytest.raises(InputError, match="apply_GS is 'True', which an HRA of the kit cannot express"):
        from_peft(tmp_path / "peft", base, tmp_path / "wrong")


def test_a_method_without_a_form_at_peft_is_refused(tmp_path: Path, adapter: Path) -> None:
    from core.methods import method

    held = method("hra")
    held.__dict__["peft"] = None
    try:
        with pytest.raises(InputError, match="HRA has no equivalent in PEFT"):
            to_peft(adapter, tmp_path / "peft", "")
    finally:
        del held.__dict__["peft"]


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_its_update_is_the_method_by_definition(seed: int, out: int, into: int, step: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIT_PLUGINS", str(HRA.write(Path(folder))))
        check_update(load_method("hra_qv"), seed, out, into, step, 1.0)


@pytest.mark.mindspore
@pytest.mark.slow
def test_its_cells_are_put_into_mindformers_network(plugin: Path) -> None:
    check_network(load_method("hra_qv"))


@pytest.mark.mindspore
@pytest.mark.slow
def test_it_is_verified_on_mindformers_own_network(tmp_path: Path, base: Path, adapter: Path) -> None:
    from ckpt_tools.verify import verify

    merge(base, [adapter], tmp_path / "out")
    settings = {**vars(SHAPE), "seq_length": 32}
    (result,) = verify(base, [(adapter, tmp_path / "out" / "step_3.ckpt")], settings, [[1, 5, 9, 30], [7] * 32])
    assert result["relative"] < 1e-5
    assert result["base_difference"] > 100 * result["max_difference"]


def test_an_open_adapter_says_what_it_changes(adapter: Path) -> None:
    with open_adapter(adapter) as opened:
        assert set(opened.changes) == {
            f"model.layers.{layer}.attention.{leaf}.weight" for layer in (0, 1) for leaf in ("wq", "wv")
        }

"""What holds of every MindFormers version, and which of them is chosen."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.versions import described, laid_over, need_bundle, version, version_of
from backend.versions.dialect import ANY_MODEL
from core.config import load_contest, names
from core.errors import InputError
from core.methods import method_of
from core.registry import VERSIONS


@pytest.mark.parametrize("name", VERSIONS.names())
@pytest.mark.parametrize("contest", names("contests"))
def test_the_yaml_is_plain_data_and_names_the_methods_settings(contest: str, name: str) -> None:
    config = load_contest(contest)
    if lacks := version(name).lacks(config, Path("base.ckpt")):
        with pytest.raises(InputError) as refused:
            version(name).finetune_yaml(config, Path("data"), Path("train"), Path("base.ckpt"), [1, 2])
        assert str(refused.value) == "; ".join(lacks)
        return
    composed = version(name).finetune_yaml(config, Path("data"), Path("train"), Path("base.ckpt"), [1, 2])
    assert yaml.safe_load(yaml.safe_dump(composed)) == json.loads(json.dumps(composed)) == composed
    asked = method_of(config.method).trainer(config.method, composed)
    assert asked
    assert laid_over(composed, asked) == composed
    # What is trained besides is what a plug-in or a later version asks for; the base model is that of the contest.
    model = version(name).model_config(config.model, config.data.seq_length, config.machine)
    assert model.items() <= composed["model"]["model_config"].items()


@pytest.mark.parametrize("name", VERSIONS.names())
def test_what_the_cpu_lacks_is_off_in_every_version(name: str) -> None:
    assert version(name).on_cpu["use_flash_attention"] is False
    assert version(name).on_cpu["compute_dtype"] == "float32"


def test_the_version_installed_is_chosen_and_the_newest_where_none_is(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = max((version(name) for name in VERSIONS.names()), key=lambda one: [int(n) for n in one.begins.split(".")])

    def installed(answer: str | None) -> Any:
        def look_up(package: str) -> str:
            if answer is None:
                raise metadata.PackageNotFoundError(package)
            return answer

        monkeypatch.setattr(metadata, "version", look_up)
        return version()

    assert installed(None) is newest
    assert installed("99.0") is newest
    for name in VERSIONS.names():
        assert installed(f"{version(name).begins}.0rc1") is version(name)
    oldest = installed("0.0.1")
    assert all(oldest.begins <= version(name).begins for name in VERSIONS.names())


def test_an_unknown_version_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown MindFormers version 'v1_8'; .*did you mean 'v1_9'"):
        version("v1_8")


def composed(contest: str, bundle: str, *settings: str, base: str = "base.ckpt") -> dict[str, Any]:
    """Return the trainer's YAML of a contest for a bundle."""
    config = load_contest(contest, [f"machine.bundle={bundle}", *settings])
    made = version_of(config.machine).finetune_yaml(config, Path("data"), Path("train"), Path(base), [1, 2])
    assert isinstance(made, dict)
    return made


def test_the_contests_own_mindformers_gets_its_dialect() -> None:
    """The keys without which a trial with 1.1.0 stopped, and those that it does not read."""
    made = composed("math_llama3", "1.1.0")
    assert made["micro_batch_interleave_num"] == 1
    wanted = {"type": "FP32StateAdamWeightDecay", "beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "weight_decay": 0.01}
    assert made["optimizer"] == wanted
    model = made["model"]["model_config"]
    assert model["pet_config"]["param_init_type"] == "float32"  # float16 there where it is not said
    assert "load_ckpt_format" not in made
    assert not {"attn_proj_has_bias", "tie_word_embeddings", "fused_rms_norm"} & set(model)


def test_one_key_and_adamw_from_1_2_on_and_nothing_from_1_5_on() -> None:
    older, newer = composed("math_llama3", "1.3.2"), composed("math_llama3", "1.9.0")
    assert older["micro_batch_interleave_num"] == 1
    assert older["optimizer"] == newer["optimizer"] == {**newer["optimizer"], "type": "AdamW", "betas": [0.9, 0.95]}
    assert (
        composed("math_llama3", "1.6.0") == composed("math_llama3", "1.8.0") == composed("math_llama3", "2.1") == newer
    )
    assert "micro_batch_interleave_num" not in newer


@pytest.mark.parametrize("name", VERSIONS.names())
def test_what_is_composed_is_what_the_dialect_reads(name: str) -> None:
    """No key that the version refuses, passes over or lacks; every class is one that it has."""
    dialect, begins = version(name).dialect, next(iter(version(name).releases))
    if name == "v2_1":
        begins = "2.1.0"
    made = composed("math_llama3", begins)
    for group, keys in dialect.strict.items():
        assert set(made[group] if group else made) <= keys, group
    assert set(made["model"]["model_config"]) <= dialect.model_keys | ANY_MODEL
    assert not {"grouped_lr_schedule", "load_ckpt_format", "data_skip_steps"} & set(made) & set(dialect.unread)
    assert all(made.get(key) == value for key, value in dialect.needed.items())
    classes = [made["optimizer"]["type"], *(callback["type"] for callback in made["callbacks"])]
    assert not set(classes) & set(dialect.lacking)
    assert version(name).tried
    assert version(name).releases


@pytest.mark.parametrize("bundle", ["1.1.0", "1.2", "1.3.2"])
def test_internlm_is_refused_where_the_bias_of_wo_would_be_dropped(bundle: str) -> None:
    with pytest.raises(InputError, match=rf"InternLM-7B has a bias on wo, which MindFormers {bundle} drops without a"):
        composed("choice_internlm", bundle)
    assert composed("choice_internlm", "1.5.0")["model"]["model_config"]["attn_proj_has_bias"] is True


@pytest.mark.parametrize(
    ("bundle", "settings", "said"),
    [
        (
            "1.1.0",
            ["model.tie_word_embeddings=true"],
            "shares the embedding with the output layer, which MindFormers 1.1",
        ),
        ("1.3.2", ["train.accumulate=2"], "train.accumulate needs a loss by token, .* set train.accumulate=1"),
        ("1.7.0", ["method=lora_plus_qv"], "needs MindFormers 1.8 or later, this is 1.7.0"),
        ("2.0.0", [], "2.0 does not import: it needs the package hyper-parallel"),
        ("0.8.0", [], "machine.bundle is 0.8.0: the kit knows MindFormers from 1.1 on"),
    ],
)
def test_what_a_bundle_cannot_do_is_refused_by_name(bundle: str, settings: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        composed("practice_math", bundle, *settings)


def test_weights_of_a_format_that_a_bundle_does_not_read_are_refused_with_the_command_that_converts_them() -> None:
    with pytest.raises(
        InputError, match=r"loads .ckpt only, not base.safetensors: convert it \(python ckpt_tools/conv"
    ):
        composed("math_llama3", "1.3.2", base="base.safetensors")
    assert composed("math_llama3", "1.6.0", base="base.safetensors")["load_ckpt_format"] == "safetensors"


def test_methods_that_came_later_are_trained_from_then_on() -> None:
    assert "grouped_lr_schedule" in composed("practice_math", "1.8.0", "method=lora_plus_qv")


def test_a_training_goes_on_by_skipping_rows_where_the_version_can() -> None:
    made = {"callbacks": [{"type": "StepMonitor"}]}
    assert version("v1_3").resumed(made, 7)["data_skip_steps"] == 7
    with pytest.raises(InputError, match="cannot go on after step 7 with MindFormers 1.1"):
        version("v1_1").resumed(made, 7)


def test_another_bundle_than_the_installed_one_can_be_planned_for_and_not_trained_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = load_contest("practice_math", ["machine.bundle=1.1.0"]).machine
    monkeypatch.setattr(metadata, "version", lambda package: "1.9.0")
    assert version_of(machine) is version("v1_1")
    with pytest.raises(InputError, match=r"machine.bundle is 1.1.0, and MindFormers 1.9.0 is installed"):
        need_bundle(machine)
    for fitting in ("1.9", "1.9.0"):
        need_bundle(machine.model_copy(update={"bundle": fitting}))


def test_what_is_said_of_a_bundle() -> None:
    known = described(load_contest("practice_math", ["machine.bundle=1.1.0"]))
    assert (known["mindspore"], known["cann"], known["python"]) == ("2.3.0rc2", "8.0.RC1", "3.9")
    assert any("AdamWeightDecay" in note for note in known["notes"])
    unknown = described(load_contest("practice_math", ["machine.bundle=1.4"]))
    assert unknown["tried"].startswith("1.4 itself is not known here")


def test_settings_are_laid_over_group_by_group() -> None:
    assert laid_over({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 4, "e": {"f": 5}}, "d": {"g": 6}}) == {
        "a": {"b": 1, "c": 4, "e": {"f": 5}},
        "d": {"g": 6},
    }

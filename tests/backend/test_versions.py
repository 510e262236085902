"""What holds of every MindFormers version, and which of them is chosen."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.versions import laid_over, version
from core.config import load_contest, names
from core.errors import InputError
from core.methods import method_of
from core.registry import VERSIONS


@pytest.mark.parametrize("name", VERSIONS.names())
@pytest.mark.parametrize("contest", names("contests"))
def test_the_yaml_is_plain_data_and_names_the_methods_settings(contest: str, name: str) -> None:
    config = load_contest(contest)
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


def test_settings_are_laid_over_group_by_group() -> None:
    assert laid_over({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 4, "e": {"f": 5}}, "d": {"g": 6}}) == {
        "a": {"b": 1, "c": 4, "e": {"f": 5}},
        "d": {"g": 6},
    }

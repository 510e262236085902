"""The page of settings: all that the schema and the methods have, each with a meaning, and docs/settings.md is it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from core.config import load_contest
from core.methods import MethodConfig, method
from core.places import ROOT
from core.registry import METHODS
from core.settings_page import Group, groups, meanings, settings_page

GROUPS = groups()


def keys_of(config: BaseModel, prefix: str = "") -> Iterator[str]:
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            yield from keys_of(value, f"{prefix}{name}.")
        else:
            yield prefix + name


@pytest.mark.parametrize("group", GROUPS, ids=[group.title for group in GROUPS])
def test_every_setting_has_a_meaning(group: Group) -> None:
    said = meanings(group.model)
    assert [name for name in group.settings() if not said.get(name)] == []
    assert [name for name in said if name not in group.model.model_fields] == []


def test_the_page_has_every_setting_that_a_run_has() -> None:
    page = {f"{key}{name}" for group in GROUPS for key in group.keys for name in group.settings()}
    run = set(keys_of(load_contest("practice_choice", ["rules.published=[]"]))) - {"rules.published"}
    assert run - page == set()


def test_each_method_has_a_section_with_its_own_settings_alone() -> None:
    titles = {group.kind: list(group.settings()) for group in GROUPS if group.kind}
    assert list(titles) == METHODS.names()
    for name, shown in titles.items():
        assert shown == [key for key in method(name).settings.model_fields if key not in MethodConfig.model_fields]
    assert set(MethodConfig.model_fields) == {"name", "type", "also_train"}
    own = ["target_modules", "layers", "rank", "alpha", "dropout", "rank_pattern", "alpha_pattern"]
    assert titles["lora"] == own


def test_types_limits_and_defaults_are_written_as_in_yaml() -> None:
    lines = settings_page().splitlines()
    assert any(line.startswith("| `data.limit` | whole number or null, ≥ 1 | `null` |") for line in lines)
    assert any(line.startswith("| `train.betas` | list: number, number | `[0.9, 0.95]` |") for line in lines)
    assert any(line.startswith("| `machine.device` | CPU / Ascend | required |") for line in lines)
    assert any(line.startswith("| `data.packing` | true / false | `false` |") for line in lines)


def test_a_meaning_may_go_on_in_the_next_line_and_speak_of_two_settings() -> None:
    class Two(BaseModel):
        """Two settings.

        Attributes:
            left, right: what is said
                of: both.
        """

        left: int
        right: int

    assert meanings(Two) == {"left": "what is said of: both.", "right": "what is said of: both."}


def test_docs_settings_md_is_current() -> None:
    words = [sys.executable, "-m", "pipeline", "settings"]
    printed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    there = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert there == printed, "write it anew: python -m pipeline settings --write"

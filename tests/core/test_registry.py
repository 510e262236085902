"""The registries: names without imports, objects when asked for, plug-ins, and what is said of unknown names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.config import load_contest, names
from core.errors import InputError
from core.methods import method
from core.places import ROOT, plugin_folders
from core.registry import ALL, JUDGES, METHODS, Registry


def test_a_name_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown tuning method 'lorra'; there are: .*lora.*did you mean 'lora'"):
        METHODS.get("lorra")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.kind)
def test_every_entry_of_every_registry_can_be_had(kind: Registry) -> None:
    assert kind.names()
    for name in kind.names():
        assert kind.get(name) is not None


def test_listing_names_imports_no_room() -> None:
    code = (
        "import sys; from core.registry import ALL; [one.names() for one in ALL if not one._is_mapping]; "
        "print([name for name in sys.modules if name.partition('.')[0] in "
        "('backend', 'data_convert', 'inference', 'eval_accuracy', 'pipeline', 'mindspore', 'numpy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plug_in_is_an_entry_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "eval_accuracy" / "judges"
    folder.mkdir(parents=True)
    (folder / "plugged.py").write_text('"""A judge."""\n\nJUDGE = "mine"\n', encoding="utf-8")
    (folder / "helper.py").write_text('"""No judge."""\n', encoding="utf-8")
    monkeypatch.delenv("KIT_PLUGINS", raising=False)
    before = JUDGES.names()
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    assert JUDGES.names() == [*before, "plugged"]
    assert JUDGES.get("plugged") == "mine"


def test_an_entry_of_another_class_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "core" / "methods"
    folder.mkdir(parents=True)
    (folder / "hollow_method.py").write_text("METHOD = 7\n", encoding="utf-8")
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    with pytest.raises(InputError, match="tuning method 'hollow_method': its METHOD must be a Method, not 7"):
        method("hollow_method")


def test_a_plug_in_with_the_name_of_an_entry_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "core" / "methods"
    folder.mkdir(parents=True)
    (folder / "lora.py").write_text("METHOD = None\n", encoding="utf-8")
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    with pytest.raises(InputError, match=r"methods/lora.py: .*lora.py is a tuning method 'lora' already; rename"):
        METHODS.names()


def test_a_plug_in_folder_may_be_named_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_PLUGINS", f"{tmp_path}:{tmp_path}/")
    assert plugin_folders() == [tmp_path]


def test_a_plug_in_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path / "gone"))
    with pytest.raises(InputError, match="KIT_PLUGINS names .*gone"):
        plugin_folders()


def test_a_contest_of_a_plug_in_is_loaded_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "configs" / "contests"
    folder.mkdir(parents=True)
    text = (ROOT / "configs/contests/practice_math.yaml").read_text(encoding="utf-8")
    (folder / "mine.yaml").write_text(text.replace("contest: practice_math", "contest: mine"), encoding="utf-8")
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    assert load_contest("mine").contest == "mine"
    assert "mine" in names("contests")

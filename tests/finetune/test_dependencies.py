"""The one list of packages: what stands in it, what setup.sh makes of it, and that it is complete."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from core.places import ROOT
from finetune.dependencies import is_there, main, requirements

PIN = re.compile(r"([\w.-]+)==[\w.]+")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_each_set_holds_the_smaller_one() -> None:
    light, train, dev = (set(requirements(extra)) for extra in ("light", "train", "dev"))
    assert light < train < dev
    assert not any(line.startswith(("mindspore", "mindformers")) for line in light)
    assert {"mindspore==2.9.0", "mindformers==1.9.0"} <= train


def test_every_requirement_is_pinned_as_the_constraints_pin_it() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = {plain(line.partition("==")[0]): line.partition("==")[2] for line in text.splitlines()}
    for line in requirements("dev"):
        assert PIN.fullmatch(line), line
        name, _, version = line.partition("==")
        assert pins[plain(name)] == version, line


def test_every_package_that_the_kit_imports_is_in_the_list() -> None:
    owners = metadata.packages_distributions()
    listed = {plain(line.partition("==")[0]) for extra in ("train", "report") for line in requirements(extra)}
    # Where they are there; the kit does without them.
    optional = {"transformers", "tokenizers"}
    rooms = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    for room in rooms:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module or ""]
                else:
                    continue
                for name in (name.partition(".")[0] for name in names):
                    if name in sys.stdlib_module_names or name in rooms | optional or name == "pip":
                        continue
                    assert {plain(owner) for owner in owners.get(name, [name])} & listed, f"{file}: {name}"


def test_an_extra_may_hold_others_of_the_project(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(
        '[project]\nname = "x"\ndependencies = ["always==1"]\n[project.optional-dependencies]\n'
        'a = ["One==1"]\nb = ["x[a]", "two==2"]\nc = ["x[a,b]", "one-more==3"]\n'
    )
    assert requirements("c", file) == ["always==1", "one-more==3", "One==1", "two==2"]


def test_what_is_missing_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["light", "--missing"]) == 0
    assert capsys.readouterr().out == "\n"
    monkeypatch.setattr("finetune.dependencies.is_there", lambda line: not line.startswith(("jieba", "PyYAML")))
    assert main(["light", "--missing"]) == 0
    assert capsys.readouterr().out == "jieba PyYAML\n"
    assert main(["heavy"]) == 2
    assert "no extra 'heavy'" in capsys.readouterr().err


def test_a_source_tree_on_the_path_counts_as_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_tree").mkdir()
    assert not is_there("some-tree==1")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert is_there("some-tree==1")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what setup.sh reads, and an environment whose pip writes down what it is to install."""
    kit, bin_folder = tmp_path / "kit", tmp_path / "venv" / "bin"
    (kit / "finetune").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", "finetune/setup.sh", "finetune/dependencies.py"):
        shutil.copy(ROOT / name, kit / name)
    bin_folder.mkdir(parents=True)
    fake = f'#!/bin/sh\ncase "$*" in\n"-m pip install"*) cat >>"{tmp_path}/installed";;\n*--version) ;;\n'
    fake += f'*) exec "{sys.executable}" "$@";;\nesac\n'
    (bin_folder / "python").write_text(fake)
    (bin_folder / "python").chmod(0o755)
    return tmp_path


def setup(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "KIT_PYTHON"}
    return subprocess.run(
        ["bash", str(folder / "kit" / "finetune" / "setup.sh"), *words],
        env={**clean, "KIT_VENV": str(folder / "venv"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def installed(folder: Path) -> list[str]:
    """Return what pip was to install since the last call."""
    file = folder / "installed"
    lines = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_setup_installs_a_list_once_and_the_larger_set_serves_the_smaller(copy: Path) -> None:
    done = setup(copy, "light")
    assert done.stdout == f"{copy}/venv/bin/python\n"
    assert installed(copy) == requirements("light")
    setup(copy, "light")
    assert installed(copy) == []
    setup(copy, "dev")
    assert installed(copy) == requirements("dev")
    for words in (["dev"], [], ["light"]):
        assert setup(copy, *words).returncode == 0
        assert installed(copy) == []


def test_only_the_lists_and_the_pins_decide_what_is_installed_again(copy: Path) -> None:
    setup(copy)
    assert installed(copy) == requirements("train")
    project = copy / "kit" / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("line-length = 120", "line-length = 99").replace("ruff==", "ruff==9"), "utf-8")
    setup(copy)
    assert installed(copy) == []
    project.write_text(text.replace("numpy==1.26.4", "numpy==1.26.3"), encoding="utf-8")
    setup(copy)
    assert "numpy==1.26.3" in installed(copy)
    with (copy / "kit" / "constraints.txt").open("a") as pins:
        pins.write("more==1\n")
    setup(copy)
    assert installed(copy)


def test_a_given_environment_that_lacks_packages_is_refused(copy: Path) -> None:
    project = copy / "kit" / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('    "mindspore==', '    "absent-package==1",\n    "mindspore=='), encoding="utf-8")
    refused = setup(copy, KIT_PYTHON=sys.executable)
    assert refused.returncode == 2
    assert "lacks: absent-package " in refused.stderr
    taken = setup(copy, "light", KIT_PYTHON=sys.executable)
    assert taken.stdout == f"{sys.executable}\n"
    assert setup(copy, "heavy", KIT_PYTHON=sys.executable).returncode == 2
    assert setup(copy, KIT_PYTHON="no-such-python").returncode == 2
    assert installed(copy) == []

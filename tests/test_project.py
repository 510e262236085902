"""Files of the project as a whole."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from core import __version__
from core.places import ROOT


def test_text_has_lf_in_every_checkout() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no git checkout")
    done = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("git does not read this checkout")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) > 100
    for state, name in rows:
        assert "eol=lf" in state or "attr/-text" in state, name
        assert not state.startswith(("i/crlf", "i/mixed")), name


def test_the_changelog_tells_of_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## .*\b{re.escape(__version__)}\b", text, re.MULTILINE)


def test_hooks_download_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [entry["repo"] for entry in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        assert "finetune/setup.sh dev" in hook["entry"]


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_the_notice_names_what_is_there() -> None:
    named = re.findall(r"\b[a-z_]+/[\w./]*\w/?", (ROOT / "NOTICE").read_text(encoding="utf-8"))
    assert {"assets/practice/", "data_convert/practice/tables/"} <= set(named)
    assert [name for name in named if not (ROOT / name).exists()] == []

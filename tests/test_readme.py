"""The two READMEs: the same commands in both, each of them understood, and those that take seconds really run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from core.config import load_contest
from core.places import ROOT

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:python|bash) [\w/.]+\.(?:py|sh)[^`…]*)`")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
_PASSAGE = "Denver Broncos defeated the Carolina Panthers in Super Bowl 50."
SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "Super Bowl",
            "paragraphs": [
                {
                    "context": _PASSAGE,
                    "qas": [
                        {"id": "a", "question": "Who won?", "answers": [{"text": "Denver Broncos", "answer_start": 0}]}
                    ],
                }
            ],
        }
    ],
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    """Return the commands of a README, without their comments: those of its blocks, then those within its lines."""
    lines = [line for block in _BLOCK.findall(text_of(name)) for line in block.splitlines()]
    stripped = [re.sub(r"\s+#.*$", "", line).strip() for line in lines]
    return [line for line in stripped if line] + _INLINE.findall(text_of(name))


ALL = list(dict.fromkeys(commands("README.md")))
PYTHON = [line for line in ALL if line.startswith("python ") and not line.startswith("python -m")]


def can_run_alone(line: str) -> bool:
    """Tell whether a command is given in full, and speaks of no run that has to be made first."""
    return " " in line.removeprefix("python ") and not re.search(r"logs/latest|--ckpt|submission/|FILE", line)


@cache
def help_of(script: str) -> str:
    words = [sys.executable, str(ROOT / script), "--help"]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def test_both_readmes_have_the_same_commands_in_the_same_order() -> None:
    assert commands("README.md") == commands("README_zh.md")


@pytest.mark.parametrize("name", ["README.md", "README_zh.md", "docs/design.md", "CONTRIBUTING.md", "logs/README.md"])
def test_every_link_leads_to_a_file(name: str) -> None:
    folder = (ROOT / name).parent
    assert [link for link in _LINK.findall(text_of(name)) if not (folder / link).exists()] == []


def test_both_readmes_lead_to_the_same_pages() -> None:
    def links(name: str) -> set[str]:
        return {link for link in _LINK.findall(text_of(name)) if not link.startswith("README")}

    assert links("README.md") == links("README_zh.md")


@pytest.mark.parametrize("line", PYTHON)
def test_the_options_that_the_readme_gives_are_known(line: str) -> None:
    words = shlex.split(line)
    said = help_of(words[1])
    unknown = [word for word in words[2:] if word.startswith("--") and not re.search(rf"{word}\b", said)]
    assert unknown == []


@pytest.mark.parametrize("line", [line for line in ALL if "run_lora.sh" in line and "=/" not in line])
def test_the_main_jobs_of_the_readme_can_be_composed(line: str) -> None:
    words = shlex.split(line)[2:]
    contest = words[words.index("--contest") + 1] if "--contest" in words else "practice_math"
    load_contest(contest, [word for word in words if "=" in word and not word.startswith("--")])


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with the files that the READMEs' commands are given."""
    folder = tmp_path
    (folder / "dev-v1.1.json").write_text(json.dumps(SQUAD), encoding="utf-8")
    (folder / "predictions.json").write_text(json.dumps({"a": "Denver Broncos"}), encoding="utf-8")
    sums = [(number, number + 1) for number in range(40)]
    rows = [{"problem": f"计算 {old} + 1 等于多少？", "solution": f"{old} + 1 = {new}"} for old, new in sums]
    for name in ("train.json", "test.json", "math.jsonl", "test.jsonl"):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")
    answers = [{"id": str(number), "text": row["solution"]} for number, row in enumerate(rows)]
    (folder / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers), encoding="utf-8")
    return folder


# The corpus of the original's size takes a while.
ALONE = [
    pytest.param(line, marks=pytest.mark.slow) if "make.py" in line else line for line in PYTHON if can_run_alone(line)
]


@pytest.mark.parametrize("line", ALONE)
def test_the_commands_that_take_seconds_run(line: str, inputs: Path) -> None:
    words = shlex.split(line)
    done = subprocess.run(
        [sys.executable, str(ROOT / words[1]), *words[2:]],
        cwd=inputs,
        env={**os.environ, "KIT_LOGS": str(inputs / "logs")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()

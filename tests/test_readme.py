"""READMEs and docs/: commands that are understood, paths and settings that are there, a page for each room.

Both READMEs have the same commands, and those that take seconds really run.
"""

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
from core.settings_page import groups
from core.steps import step_named, usual_steps

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:python|bash) (?:[\w/.]+\.(?:py|sh)|-m \w+ \w+)[^`…]*)`")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_ROOM = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
_SETTING = re.compile(
    r"(?<![\w./])((?:data|train|eval|rules|model|machine|method|submission)(?:\.[a-z_0-9]+)+)(?![\w/])"
)
# docs/extending.md speaks of files that a reader has yet to write; the test of its recipes writes them.
PAGES = sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md") if file.name != "extending.md")
TEXTS = ["README.md", "README_zh.md", "CONTRIBUTING.md", "logs/README.md", *PAGES]
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
EVERY = list(dict.fromkeys(line for name in TEXTS for line in commands(name) if "COMMAND" not in line))
DOORS = [line for line in ALL if re.match(r"python -m pipeline (?!job)", line)]
SHELL = {"finetune/run_lora.sh": "pipeline/job.py"}


def can_run_alone(line: str) -> bool:
    """Tell whether a command is given in full, and speaks of no run that has to be made first."""
    return " " in line.removeprefix("python ") and not re.search(r"logs/latest|--ckpt|submission/|FILE|step_N", line)


@cache
def help_of(*words: str) -> str:
    said = subprocess.run([sys.executable, *words, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, f"{words}: {said.stderr}"
    return said.stdout


def program(line: str) -> tuple[str, ...]:
    """Return the words that start what a command line starts, with the name of its sub-command; nothing for others."""
    words = [word for word in shlex.split(line) if not re.match(r"KIT_[A-Z]+=", word)]
    if words[0] == "bash" and words[1] in SHELL:
        return (SHELL[words[1]],)
    if words[0] != "python":
        return ()
    start = words[1:4] if words[1] == "-m" else words[1:2]
    following = words[1 + len(start) :]
    if following and words[1] != "-m" and re.search(rf"[{{,]{re.escape(following[0])}[,}}].* \.\.\.", help_of(*start)):
        start.append(following[0])
    return tuple(start)


def test_both_readmes_have_the_same_commands_in_the_same_order() -> None:
    assert commands("README.md") == commands("README_zh.md")


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_leads_to_a_file(name: str) -> None:
    folder = (ROOT / name).parent
    assert [link for link in _LINK.findall(text_of(name)) if not (folder / link).exists()] == []


@pytest.mark.parametrize("room", _ROOM.findall(text_of("docs/design.md").partition("\n## Seams")[0]))
def test_every_room_has_a_page_or_a_section_of_one(room: str) -> None:
    heading = re.compile(rf"^##? .*\(`{room}/`\)$", re.MULTILINE)
    (page,) = [name for name in PAGES if heading.search(text_of(name))]
    assert f"[page]({Path(page).name})" in text_of("docs/design.md")
    missing = [
        file.parent.name
        for file in sorted((ROOT / room).glob("*/__init__.py"))
        if f"`{room}/{file.parent.name}/" not in text_of(page)
    ]
    assert missing == [], "folders of the room that its page does not speak of"


def test_the_page_of_the_main_job_tells_the_usual_steps_and_what_each_reads() -> None:
    row = re.compile(r"^\| `(\w+)` \| `[\w/]+\.py` \| (.*?) \|", re.MULTILINE)
    told = dict(row.findall(text_of("docs/pipeline.md")))
    assert tuple(told) == usual_steps()
    reads = {name: re.findall(r"`(\w+)`", said) for name, said in told.items() if said != "what the others made"}
    assert reads == {name: list(step_named(name).reads) for name in reads}


@pytest.mark.parametrize("name", TEXTS)
def test_every_path_of_the_kit_that_a_page_names_is_there(name: str) -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    named = [word.strip("'\",;:") for code in _CODE.findall(text_of(name)) for word in code.split()]
    paths = [word for word in named if "/" in word and word.partition("/")[0] in folders]
    # logs/ holds runs, models/ the weights of users; capitals and stars stand for names.
    sure = [word for word in paths if not re.search(r"[A-Z*<{…]|^(logs|models)/(?!README)", word.replace("README", ""))]
    assert [word for word in sure if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "docs/settings.md"])
def test_every_setting_that_a_page_names_is_there(name: str) -> None:
    known = {f"{key}{setting}" for group in groups() for key in group.keys for setting in group.model.model_fields}
    text = "\n".join([*_CODE.findall(text_of(name)), *commands(name)])
    assert [
        key for key in _SETTING.findall(text) if key not in known and not key.endswith((".md", ".json", ".jsonl"))
    ] == []


def test_both_readmes_lead_to_the_same_pages() -> None:
    def links(name: str) -> set[str]:
        return {link for link in _LINK.findall(text_of(name)) if not link.startswith("README")}

    assert links("README.md") == links("README_zh.md")


@pytest.mark.parametrize("line", EVERY)
def test_the_options_of_every_command_are_known(line: str) -> None:
    options = re.findall(r"(?<= )--[a-z][\w-]*", line)
    if not (start := program(line)):
        assert options == [], "a command whose options nothing checks"
        return
    said = help_of(*start)
    assert [option for option in options if not re.search(rf"{option}\b(?!-)", said)] == []


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


@pytest.mark.slow
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


@pytest.mark.parametrize("line", DOORS)
def test_the_commands_behind_the_door_of_the_pipeline_run(line: str) -> None:
    words = shlex.split(line)
    done = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()

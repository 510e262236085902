"""The table of a conversion: its sums add up, and what deserves a look is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core.config import load_contest
from core.run_folder import RunFolder
from data_convert.conversion.audit_table import table
from data_convert.conversion.convert import convert

QUESTIONS = [f"计算 {n} + 1 等于多少？" for n in range(60)]
CHOICES = [f"Question: Which number is {n}? \nA.{n}\nB.{n + 1}\nC.{n + 2}\nD.{n + 3}" for n in range(40)]


def _lines(path: Path, rows: list[dict[str, str]], *more: str) -> Path:
    path.write_text("\n".join([json.dumps(row, ensure_ascii=False) for row in rows] + list(more)), encoding="utf-8")
    return path


def _math(path: Path) -> Path:
    rows = [{"problem": text, "solution": f"{n} + 1 = {n + 1}"} for n, text in enumerate(QUESTIONS)]
    rows += rows[:4]
    rows += [
        {"problem": QUESTIONS[9], "solution": "9 + 1 = 11"},
        {"problem": "计算 1 / 0 等于多少？", "solution": "无"},
    ]
    rows += [{"problem": "Say " + "word " * 300, "solution": "\\boxed{1}"}]
    return _lines(path, rows, "{", "7")


def _choice(path: Path, *more: dict[str, str]) -> Path:
    instruction = (
        "Here is a question about numbers, the correct answer is one of the options A/B/C/D. Please select it."
    )
    rows = [{"instruction": instruction, "input": text, "output": "A"} for text in CHOICES]
    return _lines(path, [*rows, *({"instruction": instruction, **row} for row in more)])


def _convert(tmp_path: Path, contest: str, *more: str) -> str:
    settings = ["data.squad_records=20", "data.retention_records=7", "data.test_records=5", *more]
    return table(convert(load_contest(contest, settings), RunFolder(tmp_path / "run"), 1))


@pytest.mark.parametrize(
    ("contest", "more"),
    [
        ("practice_math", []),
        ("practice_math", ["data.wrong=drop", "data.packing=true", "data.dedup=normalised"]),
        ("practice_math", ["data.quotas={add: 100, div: 0}"]),
        ("practice_math", ["data.max_records=20", "data.overlong=cut"]),
        ("practice_choice", ["data.answers.permute_options=2", "data.seq_length=90"]),
    ],
)
def test_the_sums_add_up(tmp_path: Path, contest: str, more: list[str]) -> None:
    file = (_math if contest == "practice_math" else _choice)(tmp_path / "train.jsonl")
    text = _convert(tmp_path, contest, f"data.train={file}", "data.max_bad=2", *more)
    account = text.split("\n\n", 1)[0].splitlines()
    left = int(account[0].split()[-1])
    assert left == len(file.read_text(encoding="utf-8").splitlines())
    for line in account[1:]:
        number = int(line.split()[-1].replace(",", ""))
        left += {"-": -number, "+": number, "=": 0}[line[0]]
        assert line[0] != "=" or number == left, text
    assert account[-1].startswith("= converted")


def test_packed_rows_that_are_too_short_for_their_records_are_spoken_of(tmp_path: Path) -> None:
    file = _math(tmp_path / "train.jsonl")
    packed = [f"data.train={file}", "data.max_bad=2", "data.packing=true"]
    hint = "few records fit a row: longer rows (data.seq_length) are fuller"
    assert hint in _convert(tmp_path / "short", "practice_math", *packed, "data.seq_length=90")
    assert hint not in _convert(tmp_path / "long", "practice_math", *packed, "data.seq_length=400")
    assert hint not in _convert(tmp_path / "alone", "practice_math", *packed[:2])


def test_solutions_that_are_not_sound_are_counted_by_type_and_shown(tmp_path: Path) -> None:
    text = _convert(tmp_path, "practice_math", f"data.train={_math(tmp_path / 'train.jsonl')}", "data.max_bad=2")
    assert re.search(r"^answers of the corpus +all +sound +wrong +unsolvable$", text, re.MULTILINE)
    assert re.search(r"^  add +65 +64 +1 +0$", text, re.MULTILINE)
    assert re.search(r"^  div +1 +0 +0 +1$", text, re.MULTILINE)
    assert f"{tmp_path}/train.jsonl:65: wrong: 11, expected 9 + 1 = 10" in text
    assert re.search(r"^solution wrong or missing, kept +2$", text, re.MULTILINE)
    assert re.search(r"^same question, other answer, kept +2$", text, re.MULTILINE)


def test_an_answer_that_names_no_option_is_shown_and_can_be_dropped(tmp_path: Path) -> None:
    odd = {"input": CHOICES[0].replace("Which", "What"), "output": "The right option is E."}
    file = _choice(tmp_path / "train.jsonl", odd)
    text = _convert(tmp_path, "practice_choice", f"data.train={file}")
    assert re.search(r"^  choice +41 +40 +1$", text, re.MULTILINE)
    assert f"{file}:41: no answer: The right option is E." in text
    text = _convert(tmp_path, "practice_choice", f"data.train={file}", "data.wrong=drop")
    assert re.search(r"^- solution wrong or missing \(data.wrong\) +1$", text, re.MULTILINE)

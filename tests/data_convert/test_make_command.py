"""The command make.py: its files read back by the kit's own readers, bytes by seed, mistakes in a sentence."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import run_command
from core.text.records import read_records
from data_convert.make import main
from data_convert.readers import read_corpus
from data_convert.readers.squad_questions import read_questions

MAKE = Path(__file__).resolve().parents[2] / "data_convert" / "make.py"


def make(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run_command(main, [*arguments, "--json"]) == 0
    summary: dict[str, object] = json.loads(capsys.readouterr().out)
    return summary


def test_a_math_corpus_is_json_lines_that_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "train.json"
    summary = make(capsys, "--corpus", "math", "--records", "3000", "--out", str(out))
    lines = out.read_text(encoding="utf-8").splitlines()
    assert list(json.loads(lines[0])) == ["problem", "solution"]
    assert lines[0].startswith('{"problem": "')
    read = list(read_corpus(out))
    assert summary["records"] == len(read) == len(lines) == 3000
    assert sum(summary["counts"].values()) == 3000  # type: ignore[attr-defined]


def test_record_files_hold_the_same_as_the_contest_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for corpus in ("math", "choice", "squad"):
        contest, own = tmp_path / f"{corpus}.json", tmp_path / f"{corpus}.jsonl"
        for path, form in ((contest, "contest"), (own, "record")):
            make(capsys, "--corpus", corpus, "--records", "300", "--seed", "5", "--format", form, "--out", str(path))
        written = read_records(own)
        if corpus == "squad":
            read = read_questions(contest, "all")[0]
            assert read_questions(own, "all")[0] == written
        else:
            read = list(read_corpus(contest))
        for left, right in zip(read, written, strict=True):
            assert (left.task, left.question, left.answer, left.meta) == (
                right.task,
                right.question,
                right.answer,
                right.meta,
            )


def test_a_choice_corpus_has_the_originals_layout(
    tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "choice.json"
    make(capsys, "--corpus", "choice", "--records", "50", "--out", str(out))
    sample = (shared_data / "contest" / "choice_sample.json").read_text(encoding="utf-8")
    text = out.read_text(encoding="utf-8")
    assert (text[:22], text[-4:]) == (sample[:22], sample[-4:])
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1)


def test_squad_files_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "dev.json"
    summary = make(capsys, "--corpus", "squad", "--records", "120", "--language", "both", "--out", str(out))
    assert len(read_questions(out)[0]) == 120
    assert len(read_questions(out, "all")[0]) == summary["counts"]["questions"]  # type: ignore[index]
    make(capsys, "--corpus", "squad", "--records", "120", "--format", "squad2", "--out", str(out))
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["version"] == "v2.0"
    assert any(record.answer == "" for record in read_questions(out, "all")[0])


def test_bytes_depend_on_the_seed_and_on_nothing_else(tmp_path: Path) -> None:
    def digest(corpus: str, seed: str, hashes: str) -> str:
        out = tmp_path / "made.json"
        command = [sys.executable, str(MAKE), "--corpus", corpus, "--records", "400", "--seed", seed, "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONHASHSEED": hashes})
        return hashlib.sha256(out.read_bytes()).hexdigest()

    for corpus in ("math", "choice", "squad"):
        assert digest(corpus, "1", "0") == digest(corpus, "1", "12345") != digest(corpus, "2", "0")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--corpus", "math", "--format", "mmlu"], "--format mmlu is none of --corpus math"),
        (["--corpus", "math", "--records", "0"], "give 1 or more"),
        (["--corpus", "math", "--types", "add,cube"], "'cube' is none of add, sub"),
        (["--corpus", "math", "--types", "english", "--language", "zh"], "no problem with --language zh"),
        (["--corpus", "choice", "--types", "add"], "--corpus math only"),
        (["--corpus", "squad", "--unique"], "nothing else has repeats"),
        (["--corpus", "choice", "--format", "ceval", "--language", "en"], "a language of its own"),
        (["--corpus", "math", "--types", "mass", "--unique", "--records", "101"], "no more than 100 distinct"),
    ],
)
def test_mistakes_are_one_sentence_and_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], fault: str
) -> None:
    out = tmp_path / "made.json"
    assert run_command(main, [*arguments, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert fault in error
    assert error.count("error:") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for out in (tmp_path / "folder", tmp_path / "file" / "train.json"):
        assert run_command(main, ["--corpus", "math", "--records", "5", "--out", str(out)]) == 2
        assert f"{out}: cannot be written" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]

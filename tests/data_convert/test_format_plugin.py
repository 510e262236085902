"""A corpus format from a plug-in folder: told by content, sliced for several processes, converted to MindRecord."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.places import ROOT
from core.text.records import Record
from data_convert.mindrecord import MindRecordReader
from data_convert.readers import Slice, read_corpus, read_slice, slices
from evaluation.command_line.evaluation import describe_data
from tests.recipes import recipes

TABBED = '''"""Tables of questions and answers with tabs between them."""

from core.text.records import Record
from data_convert.readers.bad import bad_record
from data_convert.readers.formats import Example, FileFormat


class Tabbed(FileFormat):
    """A question, a tab, an answer; the first line is #tabbed."""

    suffixes = (".tsv",)
    tasks = ("math",)
    signature = b"PK\\x03\\x04"  # which would be taken for a zip archive
    example = Example("a.tsv", "PK\\x03\\x04\\n1 + 1?\\t2\\n", (Record("0", "math", "1 + 1?", "2", "a.tsv:2"),))

    def recognises(self, head):
        return head.start.startswith(self.signature)

    def records(self, stream, path, prefix, task, on_bad):
        for number, line in enumerate(stream.read().decode(errors="replace").splitlines()[1:]):
            question, tab, answer = line.partition("\\t")
            where = f"{path}:{number + 2}"
            if tab:
                yield Record(f"{prefix}{number}", "math", question, answer, where)
            else:
                on_bad(bad_record(where, "no tab", line))


FORMAT = Tabbed()
'''
SMALL = ["data.retention_records=0", "data.squad_records=20", "data.test_records=10"]


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "plugins"
    formats = folder / "data_convert" / "readers" / "formats"
    formats.mkdir(parents=True)
    recipes()["a corpus format"].write(folder)
    (formats / "tabbed.py").write_text(TABBED, encoding="utf-8")
    monkeypatch.setenv("KIT_PLUGINS", str(folder))
    return folder


def _corpus(path: Path) -> Path:
    """Write 3 MB: what conversion cuts into three slices."""
    rows = [
        {"ask": f"计算 {n} + 1 等于多少？", "reply": f"{n} + 1 = {n + 1}", "note": "x" * 25_000} for n in range(120)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _convert(logs: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "data_convert/run.py", "--contest", "practice_math", "--json", *SMALL, *words]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "KIT_LOGS": str(logs)}, capture_output=True, text=True)


@pytest.mark.parametrize("named", [[], ["data.form=asked"]], ids=["told by content", "named"])
def test_it_is_converted_by_several_processes(tmp_path: Path, plugins: Path, named: list[str]) -> None:
    file = _corpus(tmp_path / "train.jsonl")
    assert len(list(slices(file, size=1 << 20))) == 3
    # A tenth of the corpus, and not more, is held out.
    done = _convert(tmp_path / "logs", f"data.train={file}", "--processes", "2", *named)
    assert done.returncode == 0, done.stderr
    audit = json.loads(done.stdout)
    assert (audit["corpus"]["read"], audit["test"], audit["converted"]) == (120, 10, 110)
    assert audit["solutions"]["verdicts"] == {"right": 120}
    data = next((tmp_path / "logs").glob("practice_math-*")) / "data"
    trained = [json.loads(line) for line in (data / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["source"].rpartition(":")[0] for row in trained} == {str(file)}
    with MindRecordReader(data / "mindrecord" / "train.mindrecord") as reader:
        assert len(reader) == 110


def test_without_its_plug_in_folder_it_is_unknown(
    tmp_path: Path, plugins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _corpus(tmp_path / "train.jsonl")
    monkeypatch.delenv("KIT_PLUGINS")
    named = _convert(tmp_path / "logs", f"data.train={file}", "data.form=asked")
    assert named.returncode == 2
    assert "data.form: unknown corpus format 'asked'; there are: alpaca, " in named.stderr
    told = _convert(tmp_path / "logs", f"data.train={file}")
    assert told.returncode == 2
    assert f"{file}:1: neither problem/solution nor" in told.stderr


def _read(part: Slice) -> list[Record]:
    return list(read_slice(part))


def test_two_folders_of_its_files_are_not_the_same_questions(tmp_path: Path, plugins: Path) -> None:
    hashes = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.tsv").write_text(f"PK\x03\x04\n1 + 1?\t{name}\n", encoding="utf-8")
        hashes.add(describe_data(tmp_path / name, "all", 1, 1).sha256)
    assert len(hashes) == 2


def test_a_process_that_begins_anew_knows_it_too(tmp_path: Path, plugins: Path) -> None:
    file = _corpus(tmp_path / "train.jsonl")
    folder = tmp_path / "tables"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.tsv").write_bytes(b"PK\x03\x04\n1 + 1?\t2\n2 + 2?\t4\n")
    parts = [*slices(file, size=1 << 20), *slices(folder)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = [record for records in pool.map(_read, parts) for record in records]
    assert [record.id for record in found] == [*map(str, range(120)), "a/0", "a/1", "b/0", "b/1"]
    assert found[:120] == list(read_corpus(file, format_name="asked"))
    assert found[120:] == list(read_corpus(folder, format_name="tabbed"))

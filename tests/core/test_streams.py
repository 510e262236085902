"""Commands whose standard streams are closed, broken, full or of a narrow encoding: never a defect of the kit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.files import (
    append_jsonl,
    append_line,
    read_json,
    read_jsonl,
    sha256_text,
    write_json,
    write_jsonl,
    write_text,
)
from core.places import ROOT
from core.streams import ESCAPED, printable

COMMAND = [sys.executable, "-m", "pipeline", "ls", "contests", "--json"]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
# What unzip makes of a folder that Windows named in Chinese.
GBK = os.fsdecode("我的".encode("gbk"))


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in the kit's folder; "$@" is the command."""
    words = ["bash", "-c", line, "bash", *COMMAND]
    return subprocess.run(words, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, timeout=60)


@given(st.text(alphabet=st.characters(), max_size=40))
def test_what_no_encoding_has_is_written_as_json_does(text: str) -> None:
    for encoding in ("ascii", "gbk", "latin-1", "utf-8"):
        written = json.dumps(text, ensure_ascii=False).encode(encoding, ESCAPED).decode(encoding)
        assert json.loads(written) == text
    printable(text).encode("utf-8")


def test_texts_that_are_not_utf8_do_not_stop_a_file(tmp_path: Path) -> None:
    name = f"/data/{GBK}/train.json"
    write_json(tmp_path / "a.json", {"path": name})
    assert read_json(tmp_path / "a.json") == {"path": name}
    assert write_jsonl(tmp_path / "b.jsonl", [name, "我"]) == 2
    append_jsonl(tmp_path / "b.jsonl", name)
    assert [value for _, value in read_jsonl(tmp_path / "b.jsonl")] == [name, "我", name]
    write_text(tmp_path / "c.txt", name)
    append_line(tmp_path / "c.txt", name)
    assert r"/data/\udcce" in (tmp_path / "c.txt").read_text(encoding="utf-8")
    assert len(sha256_text(name)) == 64


@pytest.mark.slow
@pytest.mark.parametrize(
    "streams", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/null 2>&1"]
)
def test_closed_and_unwritable_streams_do_not_matter(streams: str) -> None:
    done = shell(f'"$@" {streams}')
    assert done.returncode == 0
    assert done.stderr == b""
    assert (b"practice_math" in done.stdout) == (
        ">&-" not in streams.replace("2>&-", "") and "/dev/null" not in streams
    )


@pytest.mark.slow
def test_a_file_that_is_opened_next_does_not_get_what_is_printed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from core.errors import run_command\n"
        "def main(words):\n"
        "    with open(words[0], 'w'): os.system('echo from a child'); print('from the command')\n"
        "    return 0\n"
        "sys.exit(run_command(main))"
    )
    file = tmp_path / "result"
    words = ["bash", "-c", '"$@" >&-', "bash", sys.executable, "-c", code, str(file)]
    assert subprocess.run(words, cwd=ROOT, timeout=60).returncode == 0
    assert file.read_text() == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ['"$@" | head -1', '"$@" | true', '"$@" 2>&1 | head -1', '"$@" --nonsense 2>&1 | true']
)
def test_a_reader_that_goes_away_is_no_fault(line: str) -> None:
    done = shell(line)
    assert done.returncode == 0
    assert b"Error" not in done.stderr
    assert b"defect" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_full_disk_under_standard_output_is_said() -> None:
    done = shell('"$@" >/dev/full')
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard output: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "gbk", "latin-1", "cp1252:strict", "utf-8"])
def test_every_encoding_gets_json(encoding: str, tmp_path: Path) -> None:
    plugin = tmp_path / "configs" / "contests"
    plugin.mkdir(parents=True)
    (plugin / "mine.yaml").write_text("title: 我们的 😀 ä\n", encoding="utf-8")
    done = shell('"$@"', KIT_PLUGINS=str(tmp_path), PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    titles = {entry["name"]: entry["title"] for entry in json.loads(done.stdout.decode(encoding.partition(":")[0]))}
    assert titles["mine"] == "我们的 😀 ä"


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment", [ASCII, {**ASCII, "PYTHONIOENCODING": "gbk"}, {"PYTHONIOENCODING": "ascii:strict"}]
)
def test_chinese_names_in_a_locale_without_them(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "我们的.yaml"
    text = (ROOT / "configs/contests/practice_math.yaml").read_text(encoding="utf-8")
    file.write_text(f"{text}\nsubmission: {{team: 我们}}\n", encoding="utf-8")
    words = [sys.executable, "finetune/run.py", "--contest", str(file), "--dry-run", "--json"]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total_steps"] == 250
    words[3] = str(tmp_path / "没有.yaml")
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b"cannot be read (No such file or directory)" in done.stderr


@pytest.mark.slow
def test_a_corpus_below_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path / GBK
    folder.mkdir()
    corpus, out = folder / "train.jsonl", folder / "clean.jsonl"
    corpus.write_text('{"problem": "1 + 1 = ?", "solution": "2"}\n' * 2, encoding="utf-8")
    words = [sys.executable, "data_convert/clean.py", str(corpus), "--out", str(out), "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["corpus"] == str(corpus)
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1

    logs = tmp_path / "logs"
    words = [sys.executable, "data_convert/run.py", "--contest", "practice_math", f"data.train={corpus}"]
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "KIT_LOGS": str(logs)}, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b"is not UTF-8; rename the file or folder" in done.stderr
    assert not logs.exists()

    words = [sys.executable, "data_convert/run.py", "--contest", "practice_math", "data.records=320"]
    runs = {**os.environ, "KIT_LOGS": str(folder / "logs")}
    done = subprocess.run(words, cwd=ROOT, env=runs, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b"this path is not UTF-8; rename the folder" in done.stderr
    assert not (folder / "logs").exists()

"""Corpus files in all their forms, whole and damaged."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from data_convert.readers import BadRecords, read_corpus

MATH = {"problem": "计算 1 + 2 等于多少？", "solution": "1 + 2 = 3"}
CHOICE = {
    "instruction": "Here is a question about arts, the correct answer is one of the options A/B/C/D. Please select.",
    "input": "Question: q \nA.1\nB.2\nC.3\nD.4",
    "output": "The right option is B.",
}


def test_math_lines_with_bom_crlf_and_blank_lines(tmp_path: Path) -> None:
    line = json.dumps(MATH, ensure_ascii=False)
    file = tmp_path / "train.json"
    file.write_bytes(b"\xef\xbb\xbf" + f"{line}\r\n\r\n{line}\r\n".encode())
    first, second = read_corpus(file)
    assert (first.question, first.answer, first.task, first.meta["type"]) == (
        "计算 1 + 2 等于多少？",
        "1 + 2 = 3",
        "math",
        "add",
    )
    assert (first.id, second.id) == ("0", "2")
    assert second.source == f"{file}:3"


@pytest.mark.parametrize("as_array", [True, False])
def test_alpaca_as_array_and_as_lines(tmp_path: Path, as_array: bool) -> None:
    file = tmp_path / "corpus.json"
    text = json.dumps([CHOICE, CHOICE], indent=1) if as_array else f"{json.dumps(CHOICE)}\n{json.dumps(CHOICE)}\n"
    file.write_text(text, encoding="utf-8")
    first, second = read_corpus(file)
    assert first.task == "choice"
    assert first.meta == {"instruction": CHOICE["instruction"], "subject": "arts"}
    assert second.id == "1"


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ('{"problem": "x"', ":2: malformed JSON"),
        ('{"problem": "x"}', ":2: field 'solution' is missing"),
        ('{"problem": "", "solution": "y"}', "field 'problem' is empty"),
        ('{"question": "x"}', "neither problem/solution"),
        ('"text"', "a JSON object is expected"),
    ],
)
def test_a_bad_line_stops_with_its_place_or_is_skipped_and_listed(tmp_path: Path, line: str, part: str) -> None:
    good = json.dumps(MATH)
    file = tmp_path / "train.json"
    file.write_text(f"{good}\n{line}\n{good}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        list(read_corpus(file, BadRecords(0)))
    assert part in str(caught.value)
    bad = BadRecords(1)
    assert len(list(read_corpus(file, bad))) == 2
    assert len(bad.found) == 1


def test_invalid_utf8_is_a_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "train.json"
    file.write_bytes(json.dumps(MATH).encode() + b'\n{"problem": "\xff", "solution": "1"}\n')
    bad = BadRecords(1)
    assert len(list(read_corpus(file, bad))) == 1
    assert bad.found == [f"{file}:2: not UTF-8 text"]


@pytest.mark.parametrize("content", ["", "\n\n", "[]"])
def test_an_empty_corpus_is_an_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "train.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="no record in it"):
        list(read_corpus(file))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        list(read_corpus(tmp_path / "absent.json"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.just(json.dumps(MATH)), st.text(), st.binary()), min_size=1, max_size=6))
def test_every_line_comes_out_or_is_reported(tmp_path: Path, lines: list[str | bytes]) -> None:
    raw = [line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass") for line in lines]
    raw = [line.replace(b"\n", b"").replace(b"[", b"") for line in raw]
    file = tmp_path / "corpus.jsonl"
    file.write_bytes(b"\n".join(raw))
    bad = BadRecords(10)
    found = []
    with contextlib.suppress(InputError):  # an empty corpus
        found = list(read_corpus(file, bad))
    assert len(found) + len(bad.found) == sum(
        not _blank(line, "utf-8" if number else "utf-8-sig") for number, line in enumerate(raw)
    )


def _blank(line: bytes, encoding: str) -> bool:
    try:
        return not line.decode(encoding).strip()
    except UnicodeDecodeError:
        return False


def test_the_contests_own_samples(shared_data: Path) -> None:
    math = list(read_corpus(shared_data / "contest" / "math_sample.jsonl"))
    assert len(math) == 996
    assert all(record.meta["type"] != "other" for record in math)
    assert len(list(read_corpus(shared_data / "contest" / "choice_sample.json"))) == 1000

"""A corpus in slices: the same records and the same faults as in one piece, wherever it is cut."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.text.records import Record
from data_convert.readers import BadRecord, BadRecords, Slice, TooManyBad, read_corpus, read_slice, slices

MATH = {"problem": "计算 1 + 2 等于多少？", "solution": "1 + 2 = 3"}
GOOD = json.dumps(MATH, ensure_ascii=False)
_LINES = st.sampled_from([GOOD, GOOD + "\r", "", "  ", "{", "7", '{"problem": "\\n"}', "\ufeff" + GOOD, "é" * 40])
_ELEMENTS = st.sampled_from(
    [GOOD, json.dumps(MATH, indent=2), "7", "[]", '"],[{\\""', '{"a": [{"b": "}"}]}', '[[[[[[[[7, "x"]]]]]]]]', "null"]
)


def pieces(file: Path, size: int) -> tuple[list[Record], list[BadRecord]]:
    bad: list[BadRecord] = []
    return [record for part in slices(file, size=size) for record in read_slice(part, bad.append)], bad


def whole(file: Path) -> tuple[list[Record], list[BadRecord]]:
    found: list[Record] = []
    bad: list[BadRecord] = []
    with contextlib.suppress(InputError):  # no record in it
        found.extend(read_corpus(file, bad.append))
    return found, bad


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_LINES, max_size=12), st.booleans(), st.integers(1, 500))
def test_lines_are_the_same_whatever_the_slices(tmp_path: Path, lines: list[str], bom: bool, size: int) -> None:
    file = tmp_path / "corpus.jsonl"
    file.write_bytes(("\ufeff" * bom + "\n".join([GOOD, *lines])).encode())
    parts = list(slices(file, size=size))
    data = file.read_bytes()
    assert b"".join(data[part.start : part.end] for part in parts) == data
    assert all(part.end - part.start >= size for part in parts[:-1])
    assert all(data[: part.start].count(b"\n") == part.line - 1 for part in parts)
    assert pieces(file, size) == whole(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_ELEMENTS, max_size=12), st.sampled_from([",", " ,\n ", "\n\t,"]), st.integers(1, 500))
def test_arrays_are_the_same_whatever_the_slices(tmp_path: Path, elements: list[str], between: str, size: int) -> None:
    file = tmp_path / "corpus.json"
    file.write_text("\n [" + between.join(elements) + "]\n", encoding="utf-8")
    found, bad = pieces(file, size)
    assert (found, bad) == whole(file)
    assert len(found) + len(bad) == len(elements)


def test_an_array_of_flat_elements_is_really_cut(tmp_path: Path) -> None:
    file = tmp_path / "corpus.json"
    rows = [{"id": str(n), "conversations": [{"from": "human", "value": f'q"{n}\\'}]} for n in range(20_000)]
    file.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    parts = list(slices(file, size=100_000))
    assert max(part.end - part.start for part in parts) < 100_200
    text = file.read_bytes()
    for part in parts[1:]:
        assert f'"id": "{part.number}"'.encode() in text[part.start : part.start + 30]
        assert text[: part.start].count(b"\n") == part.line - 1


@pytest.mark.parametrize("broken", ['{"a": "b}', '{"a": "b"', '{"a" "b"}', "]", '{"a": "b"} {}', "tru"])
def test_a_malformed_array_passes_in_no_slice(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "corpus.json"
    file.write_text("[" + ",\n".join([GOOD] * 50 + [broken] + [GOOD] * 50) + "]", encoding="utf-8")
    for size in (1, 300, 1 << 20):
        with pytest.raises(InputError, match="malformed JSON"):
            pieces(file, size)


def test_other_files_are_one_slice(shared_data: Path) -> None:
    for name in ("squad/dev-v1.1.json", "cmmlu/test/arts.csv"):
        (part,) = slices(shared_data / name, size=1000)
        assert (part.start, part.end) == (0, (shared_data / name).stat().st_size)


def _read(part: Slice) -> tuple[list[Record], list[BadRecord]]:
    bad = BadRecords(1)
    try:
        return list(read_slice(part, bad)), bad.records
    except TooManyBad:
        return [], bad.records


def test_processes_share_a_corpus_and_count_its_bad_records_as_one_does(tmp_path: Path) -> None:
    file, side_file = tmp_path / "corpus.jsonl", tmp_path / "data" / "bad.jsonl"
    file.write_text("\n".join(["{}" if n in (40, 70) else GOOD for n in range(100)]), encoding="utf-8")
    parts = list(slices(file, size=500))
    assert pickle.loads(pickle.dumps(parts)) == parts
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results = pool.map(_read, parts)
    bad = BadRecords(2, side_file)
    for _, found in results:
        bad.extend(found)
    assert [record.id for records, _ in results for record in records] == [
        str(n) for n in range(100) if n not in (40, 70)
    ]
    assert [one.where for one in bad.records] == [f"{file}:41", f"{file}:71"]
    with pytest.raises(TooManyBad, match=r":71: neither .* \(and 1 before it\); data.max_bad=N skips up to N"):
        BadRecords(1).extend(bad.records)
    bad.save()
    rows = [json.loads(line) for line in side_file.read_text(encoding="utf-8").splitlines()]
    assert [(row["where"], row["text"]) for row in rows] == [(f"{file}:41", "{}"), (f"{file}:71", "{}")]
    assert set(rows[0]) == {"where", "reason", "text", "records"}


def test_the_side_file_is_written_when_there_are_too_many(tmp_path: Path) -> None:
    side_file = tmp_path / "bad.jsonl"
    bad = BadRecords(0, side_file)
    bad.save()
    assert not side_file.exists()
    with pytest.raises(TooManyBad):
        bad(BadRecord("file:1", "reason", "text"))
    row = json.loads(side_file.read_text(encoding="utf-8"))
    assert row == {"where": "file:1", "reason": "reason", "text": "text", "records": 1}

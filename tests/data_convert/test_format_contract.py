"""What every corpus format keeps, shown on its own example; a new one inherits these tests, a plug-in's too.

KIT_PLUGINS=FOLDER python -m pytest tests/data_convert/test_format_contract.py
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fuzz_readers import check, mutated

from core.errors import InputError
from core.registry import FORMATS
from core.text.records import Record
from data_convert.readers import BadRecord, read_corpus, read_slice, slices
from data_convert.readers.containers import container_of
from data_convert.readers.formats import Example, FileFormat, JsonFormat, corpus_format, json_formats
from data_convert.readers.tables import TableFormat

NAMES = FORMATS.names()
JSON_NAMES = [name for name in NAMES if isinstance(corpus_format(name), JsonFormat)]
FILE_NAMES = [name for name in NAMES if isinstance(corpus_format(name), FileFormat)]
TABLES = {name for name in FILE_NAMES if isinstance(corpus_format(name), TableFormat)}
_WRONG: tuple[Any, ...] = (None, True, 5, 1.5, "", " \n", [], {}, ["x"], [[]], [None], [{}], {"a": "b"}, "x\0")
_NO_CORPUS = (
    b"",
    b"\n",
    b"\0",
    b"\xff",
    b"null",
    b"[]",
    b"{}",
    b"[[]]",
    b"[null]",
    b'"x"',
    b"{",
    b"x",
    b"x,y\n",
    b"7\n7",
)


def example_of(name: str) -> Example:
    found = getattr(corpus_format(name), "example", None)
    if not isinstance(found, Example) or not found.records:
        pytest.fail(
            f"data_convert/readers/formats/{name}.py: FORMAT has no example; give its class one, `example = "
            'Example("file.jsonl", "what stands in it", (Record(…), …))`, with the records that are read from it'
        )
    return found


def written(name: str, folder: Path) -> Path:
    example = example_of(name)
    file = folder / example.file
    file.write_bytes(example.content)
    return file


def expected(name: str, folder: Path) -> list[Record]:
    """Return the example's records, those of them that stand in its file with that file's path as their source."""
    example = example_of(name)
    return [
        replace(record, source=f"{folder}/{record.source}") if record.source.startswith(example.file) else record
        for record in example.records
    ]


def rows_of(name: str) -> list[dict[str, Any]]:
    text = example_of(name).content.decode()
    found = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(row, dict) for row in found)
    return list(found)


def read(file: Path, name: str | None) -> tuple[list[Record], list[BadRecord], str]:
    """Return records, bad records, and why the file was given up ("": it was not)."""
    found: list[Record] = []
    bad: list[BadRecord] = []
    try:
        found.extend(read_corpus(file, bad.append, name))
    except InputError as error:
        return found, bad, str(error)
    return found, bad, ""


@pytest.mark.parametrize("name", NAMES)
def test_its_example_is_read_without_its_name_and_by_it(tmp_path: Path, name: str) -> None:
    file = written(name, tmp_path)
    assert list(read_corpus(file)) == expected(name, tmp_path)
    assert list(read_corpus(file, format_name=name)) == expected(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_its_example_is_taken_for_no_other_format(tmp_path: Path, name: str) -> None:
    container, reader = container_of(written(name, tmp_path), None)
    if name in FILE_NAMES:
        assert (container, reader) == ("file", name)
        return
    assert container != "file"
    for row in rows_of(name):
        assert next(other for other, one in json_formats().items() if one.recognises(row)) == name


@pytest.mark.parametrize("name", NAMES)
def test_slices_give_the_same_records_with_the_same_ids(tmp_path: Path, name: str) -> None:
    file = written(name, tmp_path)
    for size in range(1, len(example_of(name).content) + 1, 7):
        parts = list(slices(file, name, size))
        assert [record for part in parts for record in read_slice(part)] == expected(name, tmp_path)


@pytest.mark.parametrize("name", JSON_NAMES)
def test_lines_and_an_array_hold_the_same(tmp_path: Path, name: str) -> None:
    lines, array = tmp_path / "lines.jsonl", tmp_path / "array.json"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows_of(name)), encoding="utf-8")
    array.write_text(json.dumps(rows_of(name), indent=1), encoding="utf-8")
    found = [[replace(record, source="") for record in read_corpus(file)] for file in (lines, array)]
    assert found[0] == found[1] == [replace(record, source="") for record in example_of(name).records]


@pytest.mark.parametrize("name", NAMES)
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path, name: str) -> None:
    if getattr(corpus_format(name), "signature", b""):
        pytest.skip("its files are no text")
    file = written(name, tmp_path)
    file.write_bytes(b"\xef\xbb\xbf" + example_of(name).content.replace(b"\n", b"\r\n"))
    assert list(read_corpus(file)) == expected(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_cut_anywhere_loses_no_record_in_silence(tmp_path: Path, name: str) -> None:
    content, file = example_of(name).content, tmp_path / example_of(name).file
    for end in range(len(content)):
        check(file, name, content[:end], 20)
        check(file, None, content[:end], 20)
    whole = expected(name, tmp_path)
    file.write_bytes(content[: 2 * len(content) // 3])
    found, bad, stopped = read(file, name)
    assert found != whole
    assert len(found) == len(whole) or bad or stopped


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_makes_no_defect(tmp_path: Path, name: str) -> None:
    content, file = example_of(name).content, tmp_path / example_of(name).file
    for seed in range(150):
        check(file, name if seed % 2 else None, mutated(seed, content), 1 + seed)


@pytest.mark.parametrize("name", JSON_NAMES)
def test_fields_of_a_wrong_type_are_refused_with_place_and_reason(tmp_path: Path, name: str) -> None:
    file, refused = tmp_path / "corpus.jsonl", set()
    for row in rows_of(name):
        for field in row:
            for wrong in (*_WRONG, ...):
                changed = {key: value for key, value in row.items() if key != field or wrong is not ...}
                if wrong is not ...:
                    changed[field] = wrong
                file.write_text(f"\n{json.dumps(changed)}\n", encoding="utf-8")
                found, bad, stopped = read(file, name)
                assert len(found) + len(bad) == 1
                assert stopped in ("", f"{file}: no record in it")
                assert all(record.question.strip() for record in found)
                for one in bad:
                    assert one.where == f"{file}:2"
                    assert one.reason
                    refused.add(field)
    assert len(refused) >= 2, "a question and its answer, at least, must be looked at"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", _NO_CORPUS)
def test_what_is_no_corpus_is_refused_in_a_sentence_with_its_place(tmp_path: Path, name: str, content: bytes) -> None:
    file = tmp_path / example_of(name).file
    file.write_bytes(content)
    found, bad, stopped = read(file, name)
    assert found == []
    assert all(one.where.startswith(str(file)) and one.reason for one in bad)
    assert stopped.startswith(str(file))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_another_formats_example_is_no_defect(tmp_path: Path, name: str, other: str) -> None:
    found, bad, stopped = read(written(other, tmp_path), name)
    assert found or bad or stopped
    # The rows of a table are objects of the JSON formats, so each of the two may read the other.
    if (name in JSON_NAMES) != (other in JSON_NAMES) and TABLES.isdisjoint((name, other)):
        assert found == []


@pytest.mark.parametrize("name", FILE_NAMES)
def test_a_folder_is_read_file_by_file_with_ids_of_their_own(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "corpus"
    (folder / "more").mkdir(parents=True)
    suffixes = corpus_format(name).suffixes  # type: ignore[attr-defined]
    if not suffixes:
        with pytest.raises(InputError, match=f"is a folder; a corpus of format '{name}' is a single file"):
            list(read_corpus(folder, format_name=name))
        return
    for where in (folder, folder / "more"):
        written(name, where)
    stem = Path(example_of(name).file).stem
    records = example_of(name).records
    ids = [f"{place}{stem}/{record.id}" for place in ("", "more/") for record in records]
    assert sorted(record.id for record in read_corpus(folder)) == sorted(ids)
    assert list(read_corpus(folder)) == list(read_corpus(folder, format_name=name))


def test_a_format_without_an_example_is_told_where_to_add_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data_convert" / "readers" / "formats"
    folder.mkdir(parents=True)
    (folder / "bare_format.py").write_text(
        "from data_convert.readers.formats import QuestionFormat\n\n\nclass Bare(QuestionFormat):\n"
        "    def recognises(self, row):\n        return False\n\n    def question(self, row):\n"
        "        raise NotImplementedError\n\n\nFORMAT = Bare()\n",
        encoding="utf-8",
    )
    (folder / "wrong_format.py").write_text("FORMAT = 'lines'\n", encoding="utf-8")
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="formats/bare_format.py: FORMAT has no example; give its class"):
        example_of("bare_format")
    with pytest.raises(InputError, match="'wrong_format': its FORMAT must be a JsonFormat or FileFormat"):
        corpus_format("wrong_format")

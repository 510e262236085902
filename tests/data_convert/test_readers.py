"""Corpus files of JSON Lines and JSON arrays, whole and damaged."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.text.records import Record
from data_convert.readers import BadRecord, BadRecords, read_corpus
from data_convert.readers.fields import is_nothing

MATH = {"problem": "计算 1 + 2 等于多少？", "solution": "1 + 2 = 3"}
CHOICE = {
    "instruction": "Here is a question about arts, the correct answer is one of the options A/B/C/D. Please select.",
    "input": "Question: q \nA.1\nB.2\nC.3\nD.4",
    "output": "The right option is B.",
}


def written(folder: Path, content: bytes | str) -> Path:
    file = folder / "corpus.json"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def read(file: Path, allowed: int = 1000) -> tuple[list[Record], BadRecords]:
    bad = BadRecords(allowed)
    return list(read_corpus(file, bad)), bad


def test_math_lines_with_bom_crlf_and_blank_lines(tmp_path: Path) -> None:
    line = json.dumps(MATH, ensure_ascii=False)
    file = written(tmp_path, b"\xef\xbb\xbf" + f"{line}\r\n\r\n{line}\r\n".encode())
    first, second = read_corpus(file)
    assert (first.question, first.answer, first.task) == ("计算 1 + 2 等于多少？", "1 + 2 = 3", "math")
    assert first.meta == {"type": "add"}
    assert (first.id, second.id) == ("0", "2")
    assert second.source == f"{file}:3"


@pytest.mark.parametrize("as_array", [True, False])
def test_alpaca_as_array_and_as_lines(tmp_path: Path, as_array: bool) -> None:
    text = json.dumps([CHOICE, CHOICE], indent=1) if as_array else f"{json.dumps(CHOICE)}\n{json.dumps(CHOICE)}\n"
    file = written(tmp_path, text)
    first, second = read_corpus(file)
    assert first.task == "choice"
    assert first.meta == {"instruction": CHOICE["instruction"], "subject": "arts"}
    assert (second.id, second.source) == ("1", f"{file}:7 (record 1)" if as_array else f"{file}:2")


GOOD = json.dumps(MATH)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"problem": "x"', "malformed JSON (column 16: Expecting ',' delimiter)"),
        (GOOD + " x", f"malformed JSON (column {len(GOOD) + 1}: text after the value)"),
        ("[" * 50_000, "malformed JSON (nested too deeply)"),
        ('{"problem": "x"}', "field 'solution' is missing"),
        ('{"problem": "", "solution": "y"}', "field 'problem' is empty"),
        ('{"problem": "\\u3000\\n", "solution": "y"}', "field 'problem' is empty"),
        ('{"problem": "x", "solution": ["y"]}', "field 'solution' is a list, not text"),
        ('{"problem": 3, "solution": "3"}', "field 'problem' is a number, not text"),
        ('{"problem": "x", "solution": true}', "field 'solution' is true or false, not text"),
        ('{"problem": "x", "solution": null}', "field 'solution' is null, not text"),
        ('{"problem": "x", "solution": "y\\u0000"}', "field 'solution' holds a NUL character"),
        ('{"problem": "x", "solution": "y\0"}', "malformed JSON (column 32: Invalid control character at)"),
        ('{"problem": "x", "solution": "y", "problem": "z"}', "duplicate field 'problem'"),
        ('{"problem": "x", "solution": "y", "n": NaN}', "NaN is not a JSON number"),
        ('{"problem": "x", "solution": "y", "n": 1e999}', "a number does not fit into 64 bits"),
        ('{"problem": "x", "solution": "y", "n": 9223372036854775808}', "a number does not fit into 64 bits"),
        ('{"problem": "x", "solution": "y", "n": ' + "1" * 5000 + "}", "a number does not fit into 64 bits"),
        (
            '{"problem": "x", "solution": "\\ud83d"}',
            "an unpaired surrogate (\\ud800 to \\udfff)",
        ),
        (b'{"problem": "\xff", "solution": "1"}', "not UTF-8 text"),
        (b'{"problem": "\xed\xa0\x80", "solution": "1"}', "not UTF-8 text"),
        ('{"question": "x"}', "neither problem/solution nor"),
        ('"text"', "expected a JSON object, found text"),
        ("null", "expected a JSON object, found null"),
    ],
)
def test_a_bad_line_stops_with_its_place_or_is_skipped_with_reason_and_text(
    tmp_path: Path, line: str | bytes, reason: str
) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    file = written(tmp_path, b"\n".join((GOOD.encode(), raw, GOOD.encode(), b"")))
    with pytest.raises(InputError, match="corpus.json:2: ") as caught:
        list(read_corpus(file))
    assert reason in str(caught.value)
    records, bad = read(file)
    assert [record.id for record in records] == ["0", "2"]
    (found,) = bad.records
    assert found.where == f"{file}:2"
    assert found.reason.startswith(reason)
    assert found.text == raw.decode("utf-8", "backslashreplace")[:1000]


@pytest.mark.parametrize("depth", [100, 500, 900, 950, 990, 1023, 1024, 1025, 100_000])
@pytest.mark.parametrize(
    "form", ['{{"problem": {}, "solution": "y"}}', '{{"problem": "x", "solution": "y", "more": {}}}']
)
def test_a_line_of_any_depth_comes_out_or_is_reported(tmp_path: Path, depth: int, form: str) -> None:
    file = written(tmp_path, f"{GOOD}\n{form.format('[' * depth + ']' * depth)}\n")
    records, bad = read(file)
    assert len(records) + len(bad.records) == 2


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ('{"problem": "x"}', "field 'solution' is missing"),
        ('{"problem": "x", "solution": "y", "problem": "z"}', "duplicate field 'problem'"),
        ('{"problem": "x", "solution": "y", "n": [{"a": NaN}]}', "NaN is not a JSON number"),
        (
            '{"problem": "x", "solution": "\\udc00"}',
            "an unpaired surrogate (\\ud800 to \\udfff)",
        ),
        (b'{"problem": "\xff", "solution": "1"}', "not UTF-8 text"),
        ("7", "expected a JSON object, found a number"),
    ],
)
def test_a_bad_element_of_an_array_is_skipped_with_its_place(tmp_path: Path, element: str | bytes, reason: str) -> None:
    raw = element if isinstance(element, bytes) else element.encode()
    file = written(tmp_path, b"[\n" + GOOD.encode() + b",\n" + raw + b",\n" + GOOD.encode() + b"]")
    records, bad = read(file)
    assert [record.id for record in records] == ["0", "2"]
    assert bad.records == [BadRecord(f"{file}:3 (record 1)", reason, raw.decode("utf-8", "backslashreplace"))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"[{GOOD},\n{GOOD}", ":2: malformed JSON (expected ','; the file ends here; is it truncated?)"),
        (f"[{GOOD},\n{GOOD[:-2]}", ":2: malformed JSON (Unterminated string"),
        (f"[{GOOD},\n", ":2: malformed JSON (Expecting value; the file ends here; is it truncated?)"),
        (f"[{GOOD},]", ":1: malformed JSON (Expecting value)"),
        (f"[{GOOD}\n {GOOD}]", ":2: malformed JSON (expected ',')"),
        (f"[{GOOD}]\n[{GOOD}]", ":2: malformed JSON (text after the end)"),
        (f"[{GOOD}, " + "[" * 50_000, ":1: malformed JSON (nested too deeply)"),
    ],
)
def test_an_array_that_is_not_json_is_an_error_however_many_bad_records_are_allowed(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(written(tmp_path, text))
    assert message in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n\n", "[]", "\ufeff", "\ufeff [ ]\n"])
def test_an_empty_corpus_is_an_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError, match="no record in it"):
        read(written(tmp_path, content))


def test_a_missing_file_and_one_that_is_no_text_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "absent.json")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("corpus.json", GOOD)
    packed = {"gzip": gzip.compress(GOOD.encode()), "xz": lzma.compress(GOOD.encode()), "zip": archive.getvalue()}
    for how, content in packed.items():
        with pytest.raises(InputError, match=f"{how}.*; unpack it"):
            read(written(tmp_path, content))


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_too_long_for_a_record_is_passed_over(tmp_path: Path, end: bytes) -> None:
    long = b'{"problem": "' + b"x" * (16 << 20) + b'", "solution": "y"}'
    file = written(tmp_path, GOOD.encode() + b"\n" + long + b"\n" + GOOD.encode() + b"\n" + long + end)
    records, bad = read(file)
    assert [record.id for record in records] == ["0", "2"]
    assert bad.found == [f"{file}:{line}: longer than 16 MiB" for line in (2, 4)]


def test_an_array_with_a_text_that_never_ends_is_given_up(tmp_path: Path) -> None:
    file = written(tmp_path, b'[{"problem": "' + b"x" * (130 << 20))
    with pytest.raises(InputError, match=":1: malformed JSON .a value longer than 64 MiB, or a text without its clos"):
        read(file)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.just(GOOD), st.text(), st.binary()), min_size=1, max_size=6))
def test_every_line_comes_out_or_is_reported(tmp_path: Path, lines: list[str | bytes]) -> None:
    raw = [line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass") for line in lines]
    # A line break would make two lines of one, and a bracket in front an array.
    raw = [line.replace(b"\n", b"").replace(b"[", b"") for line in raw]
    file = written(tmp_path, b"\n".join(raw))
    bad = BadRecords(10)
    found = []
    try:
        found = list(read_corpus(file, bad, format_name="math"))
    except InputError as error:
        # Else the file is refused as a whole: it begins as UTF-16 or a compressed file does.
        assume("no record in it" in str(error))
    assert len(found) + len(bad.found) == sum(not _blank(line) for line in raw)


def _blank(line: bytes) -> bool:
    try:
        return not line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return False


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda text: bool(text.strip()) and not is_nothing(text)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_TEXTS, _TEXTS), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_any_text_comes_out_as_it_went_in(
    tmp_path: Path, pairs: list[tuple[str, str]], as_array: bool, ascii_only: bool
) -> None:
    rows = [{"problem": problem, "solution": solution} for problem, solution in pairs]
    lines = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    text = json.dumps(rows, ensure_ascii=ascii_only, indent=1) if as_array else lines
    found = list(read_corpus(written(tmp_path, text)))
    assert [(record.question, record.answer) for record in found] == pairs


def test_the_contests_own_samples(shared_data: Path) -> None:
    math = list(read_corpus(shared_data / "contest" / "math_sample.jsonl"))
    assert len(math) == 996
    assert all(record.meta["type"] != "other" for record in math)
    choice = list(read_corpus(shared_data / "contest" / "choice_sample.json"))
    assert len(choice) == 1000
    assert all(record.task == "choice" and record.meta["subject"] for record in choice)

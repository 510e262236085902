"""Mutated corpus files of every format against the readers.

    python tests/data_convert/fuzz_readers.py --inputs 10000

What must hold of any bytes: nothing but InputError is raised; records in = records out + records reported, wherever
the number of records in is defined; slices give what the whole file gives; every record can be written as JSON.
A failing input is written to the folder given with --keep, and its seed is printed.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

import orjson

from core.errors import InputError
from core.text.records import Record
from data_convert.readers import BadRecord, read_corpus, read_slice, slices
from data_convert.readers.containers import Stored, stored

_OPTIONS = "\nA.one\nB.two\nC.three\nD.four"
_INSTRUCTION = "Here is a question about arts, the correct answer is one of the options A/B/C/D."
_WRAPPED = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{}\n\n### Response:"
)
_MATH = [
    ("计算 1.50 + -2 等于多少？", "1.50 + -2 = -0.50"),
    ('What is \\boxed, "1"?', "\\boxed{2}"),
    ("解方程 3x + 6 = 0", "-2"),
]


def _lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _array(rows: list[Any]) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


def _conversation(question: str, answer: str) -> dict[str, Any]:
    turns = [{"from": "human", "value": _WRAPPED.format(question)}, {"from": "gpt", "value": answer}]
    return {"id": "1", "conversations": turns}


def _messages(question: str, answer: str) -> dict[str, Any]:
    texts = {"system": "Be exact.", "user": question, "assistant": answer}
    return {"messages": [{"role": role, "content": text} for role, text in texts.items()]}


def _squad() -> dict[str, Any]:
    def question(name: str, **more: Any) -> dict[str, Any]:
        return {"id": name, "question": f"{name}?", "answers": [{"text": "甲", "answer_start": 0}], **more}

    paragraphs = [
        {"context": '甲 is "first".', "qas": [question("a"), question("b", is_impossible=False)]},
        {"context": "Second.", "qas": [question("c", is_impossible=True, answers=[])]},
    ]
    return {"version": "v2.0", "data": [{"title": "t", "paragraphs": paragraphs}, {"paragraphs": paragraphs[:0]}]}


_ALPACA = [
    {"instruction": _INSTRUCTION, "input": f"Question: q {_OPTIONS}", "output": "The right option is B."},
    {"instruction": "Name a colour.", "input": "", "output": "Red."},
    {"instruction": "Translate.", "input": "红", "output": "red"},
]
_RECORDS = [
    {"id": str(n), "task": "math", "question": q, "answer": a, "source": "x:1", "meta": {"type": "add", "n": [n, 1.5]}}
    for n, (q, a) in enumerate(_MATH)
]
_PAIRS = [
    {"query": "Name a metal.", "response": "Iron.", "history": None},
    {"prompt": "Name a river.", "completion": " The Elbe."},
    {"Question": "What is 6 times 7?", "Answer": 42},
]
_HUB = [
    {"id": str(n), "title": "t", "context": f"{n} 甲 came.", "question": f"{n}?", "answers": {"text": ["甲"]}}
    for n in range(3)
]
_CHOICES = [
    {"question": "2 + 2?", "subject": "arts", "choices": ["1", "2", "3", "4"], "answer": 3},
    {"question": "问", "A": "甲", "B": "乙", "C": "丙", "D": "丁", "answer": "B"},
]
_CHINESE = [("北京是哪个国家的首都？请回答。", "中国。"), ("计算 12 加 30 等于多少？", "12+30=42"), *_MATH[::2]]
_TABLE = 'instruction,input,output\n"Name, or say.",,"A ""wren"".\nSmall."\nTranslate.,红,red\n'


def _parquet() -> bytes:
    import pyarrow
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(_ALPACA), out)
    return out.getvalue()


CSV_FORMATS = ("mmlu", "cmmlu", "ceval", "csv_rows")
_ROWS = 'How "many"?,1,"2, or so",3,4,{}\n"""Two""\nlines",a,b,c,d,{}\n问,甲,乙,丙,丁,{}\n'
# Whole files of every format: what mutations start from.
SEEDS: dict[str, tuple[str, bytes]] = {
    "math lines": ("math", _lines([{"problem": q, "solution": a} for q, a in _MATH])),
    "math array": ("math", _array([{"problem": q, "solution": a} for q, a in _MATH])),
    "conversation array": ("conversation", _array([_conversation(*pair) for pair in _MATH])),
    "conversation lines": ("conversation", _lines([_conversation(*_MATH[0]), *(_messages(*pair) for pair in _MATH)])),
    "alpaca array": ("alpaca", _array(_ALPACA)),
    "alpaca lines": ("alpaca", _lines(_ALPACA)),
    "gsm8k": ("gsm8k", _lines([{"question": q, "answer": f"{a}\n#### 7"} for q, a in _MATH])),
    "mmlu": ("mmlu", _ROWS.format("A", "B", "D").encode()),
    "mmlu headered": ("mmlu", ("question,choice0,choice1,choice2,choice3,answer\n" + _ROWS.format(0, 1, 3)).encode()),
    "cmmlu": ("cmmlu", (",Question,A,B,C,D,Answer\n0,问,甲,乙,丙,丁,A\n1," + _ROWS.format("A", "B", "C")).encode()),
    "ceval": ("ceval", "id,question,A,B,C,D,answer,explanation\n0,问,甲,乙,丙,丁,A,因为\n1,q,a,b,c,d,B,\n".encode()),
    "squad": ("squad", json.dumps(_squad(), ensure_ascii=False).encode()),
    "record": ("record", _lines(_RECORDS)),
    "pairs": ("pairs", _lines(_PAIRS)),
    "hub's squad": ("squad_rows", _lines(_HUB)),
    "hub's choices": ("choice_rows", _array(_CHOICES)),
    "table": ("csv_rows", _TABLE.encode()),
    "table in gbk": ("csv_rows", f"{_TABLE}说一说。,,北京是中国的首都\n".encode("gbk")),
    "semicolons": ("mmlu", "Question;A;B;C;D;Answer\r\nq;a;b;c;d;A\r\n问;甲;乙;丙;丁;B\r\n".encode()),
    "gbk lines": ("math", _lines([{"problem": q, "solution": a} for q, a in _CHINESE]).decode().encode("gbk")),
    "utf-16 lines": ("math", _lines([{"problem": q, "solution": a} for q, a in _MATH]).decode().encode("utf-16")),
    "gbk array": ("math", _array([{"problem": q, "solution": a} for q, a in _CHINESE]).decode().encode("gb18030")),
    "wrapped": ("json_object", json.dumps({"version": 1, "data": _ALPACA}, ensure_ascii=False, indent=1).encode()),
    "indented": ("json_object", b"\n".join(json.dumps(row, indent=1).encode() for row in _ALPACA)),
    "parquet": ("parquet", _parquet()),
}

_PIECES = (
    "\ufeff", "\0", "\r", "\n", "\r\n", "\t", '"', "'", "\\", "\\u0000", "\\ud800", "\\uDC00x", "{", "}", "[", "]", ",",
    ":", "null", "true", "NaN", "-Infinity", "1e999", "9" * 30, "9" * 5000, "-", "[" * 1200, '{"a":' * 1200, "\u3000",
    "[" * 600 + "]" * 600,
    "\u2028", "e\u0301", "😀", '"problem"', '"solution":', ', "problem": "x"', '"data": [', '"conversations"', '"from"',
    "A", "Answer", "question", "####", " " * 100, "x" * 3000, '""', '","', "]}", "}]",
)  # fmt: skip
_VALUES = (b"null", b"true", b"0", b"-1.5", b"NaN", b"[]", b"{}", b'""', b'" "', b'["x"]', b'{"a": "b"}', b"1" * 40)


def _flip(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _delete(rng: random.Random, data: bytes) -> bytes:
    at, end = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
    return data[:at] + data[min(end, at + 40) :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at, piece = rng.randrange(len(data) + 1), rng.choice(_PIECES).encode()
    return data[:at] + (piece if rng.random() < 0.9 else rng.randbytes(5)) + data[at:]


def _splice(rng: random.Random, data: bytes) -> bytes:
    _, other = rng.choice(list(SEEDS.values()))
    at, end = sorted((rng.randrange(len(other)), rng.randrange(len(other))))
    place = rng.randrange(len(data) + 1)
    return data[:place] + other[at:end] + data[place:]


def _shuffle_lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _repeat(rng: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    return b"".join(lines[:at] + lines[at : at + 1] * rng.randrange(2, 5) + lines[at + 1 :])


def _retype(rng: random.Random, data: bytes) -> bytes:
    """Put another value in the place of a text."""
    quotes = [at for at, byte in enumerate(data) if byte == ord('"')]
    if len(quotes) < 2:
        return data
    at = rng.randrange(len(quotes) - 1)
    return data[: quotes[at]] + rng.choice(_VALUES) + data[quotes[at + 1] + 1 :]


def _ends(rng: random.Random, data: bytes) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\n \n", b""))) + rng.choice(
        (b"", b"\n", b"\n\n ")
    )


def _encode(rng: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-16", "gb18030", "utf-8-sig", "utf-32", "latin-1")), "replace")


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip, _flip, _cut, _delete, _insert, _insert, _splice, _shuffle_lines, _repeat, _retype, _retype, _ends, _encode,
)  # fmt: skip


def mutated(seed: int, data: bytes) -> bytes:
    """Return `data` after one to four mutations; the same seed gives the same bytes."""
    rng = random.Random(seed)
    for _ in range(rng.randrange(1, 5)):
        data = rng.choice(MUTATIONS)(rng, data) if data else data
    return data


class Broken(AssertionError):
    """A reader did not keep what it promises."""


def check(path: Path, format_name: str | None, data: bytes, size: int) -> bool:
    """Write bytes to a file, read it whole and in slices, and hold the result against what it must be.

    Args:
        path: the file; its folder must exist.
        format_name: as `read_corpus` takes it.
        data: the bytes.
        size: of the slices.

    Returns:
        Whether the whole file could be read, be it with bad records.

    Raises:
        Broken: a promise is not kept. Any other exception than InputError passes through.
    """
    path.write_bytes(data)
    whole, bad, stopped = _read(lambda report: read_corpus(path, report, format_name))
    if "no record in it" in stopped:
        stopped = ""
    try:
        parts = list(slices(path, format_name, size))
        how = stored(path, format_name)
        expected = None if stopped else _records_in(how, data)
    except InputError:
        if not stopped:
            raise Broken("slices refuses what read_corpus reads") from None
        return False
    if expected is not None and expected != len(whole) + len(bad):
        raise Broken(f"{expected} records in, {len(whole)} out, {len(bad)} reported")
    if not stopped and malformed(how, data):
        raise Broken("malformed JSON passed for whole")
    again, bad_again, stopped_again = _read(lambda report: (r for part in parts for r in read_slice(part, report)))
    if (again, bad_again, bool(stopped_again)) != (whole, bad, bool(stopped)) and not (stopped and stopped_again):
        raise Broken(f"slices of {size} bytes give another result than the whole file")
    for record in whole:
        orjson.dumps(record)
        if not record.question.strip():
            raise Broken(f"record {record.id} asks nothing")
    for one in bad:
        json.dumps(one, ensure_ascii=False).encode()
    return not stopped


def _read(records: Callable[[Callable[[BadRecord], None]], Any]) -> tuple[list[Record], list[BadRecord], str]:
    found: list[Record] = []
    bad: list[BadRecord] = []
    try:
        found.extend(records(bad.append))
    except InputError as error:
        return found, bad, str(error)
    return found, bad, ""


def records_in(path: Path, format_name: str | None, data: bytes) -> int | None:
    """Count the records of a file by other means than the readers'; None where their number is not defined."""
    return _records_in(stored(path, format_name), data)


def _records_in(how: Stored, data: bytes) -> int | None:
    text = _text(data, how.encoding)
    if how.container == "lines":
        return sum(not _blank(line) for line in text.split("\n"))
    if how.format_name in CSV_FORMATS:
        return _csv_rows(text, how.format_name)
    if how.format_name == "json_object":
        return _rows_of_objects(text)
    if how.container == "file" and how.format_name != "squad":
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if how.container == "array":
        return len(value)
    return sum(_questions(article) for article in value["data"])


def malformed(how: Stored, data: bytes) -> bool:
    """Tell whether a JSON document is none, so that it must not pass for whole."""
    if how.container != "array" and how.format_name != "squad":
        return False
    try:
        json.loads(_text(data, how.encoding))
    except ValueError as error:
        # Python converts no integer of some thousand digits, though it is JSON.
        return "integer string conversion" not in str(error)
    except RecursionError:
        return True
    return False


def _text(data: bytes, encoding: str | None) -> str:
    if encoding is None:
        return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return data.decode(encoding, "replace").removeprefix("\ufeff")


def _blank(line: str) -> bool:
    return not line.removeprefix("\ufeff").strip()


def _rows_of_objects(text: str) -> int | None:
    """Count objects one after the other, or the rows under "data"; None for other shapes and what is no JSON."""
    values, at = [], 0
    try:
        while (at := len(text) - len(text[at:].lstrip(" \t\r\n"))) < len(text):
            value, at = json.JSONDecoder().raw_decode(text, at)
            values.append(value)
    except (ValueError, RecursionError):
        return None
    if len(values) != 1:
        return len(values)
    (value,) = values
    is_wrapped = isinstance(value, dict) and set(value) == {"version", "data"} and isinstance(value["data"], list)
    rows_are_records = is_wrapped and value["data"] and set(value["data"][0]) == {"instruction", "input", "output"}
    return len(value["data"]) if rows_are_records else None


def _csv_rows(text: str, name: str | None) -> int | None:
    # A NUL stops the CSV reader of Python 3.10.
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    lines = io.StringIO(text.replace("\0", "\1").replace("\n\ufeff", "\n"), newline="\n")
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    try:
        rows = [row for row in reader if "".join(row).strip()]
    except csv.Error:
        return None
    if rows and re.search("[\1\udc80-\udcff]", "".join(rows[0])):
        return None  # a header that cannot be read is none
    names = {cell.strip().lower() for cell in rows[0]} if rows else set()
    if name == "csv_rows":
        return max(len(rows) - 1, 0)
    has_header = "question" in names and (set("abcd") <= names or {f"choice{n}" for n in range(4)} <= names)
    if has_header and "answer" not in names:
        return 1
    return len(rows) - has_header


def _questions(article: Any) -> int:
    paragraphs = article.get("paragraphs") if isinstance(article, dict) else None
    if not isinstance(paragraphs, list):
        return 1
    asked = [paragraph.get("qas") if isinstance(paragraph, dict) else None for paragraph in paragraphs]
    return sum(len(questions) if isinstance(questions, list) else 1 for questions in asked)


def fuzz(name: str, inputs: int, folder: Path, keep: Path | None = None, first: int = 0) -> int:
    """Check `inputs` mutations of one seed, half of them with the format told; return how many were read to the end."""
    format_name, data = SEEDS[name]
    suffix = ".csv" if format_name in CSV_FORMATS else ".json"
    path, read = folder / f"corpus{suffix}", 0
    for seed in range(first, first + inputs):
        broken = mutated(seed, data)
        try:
            read += check(path, format_name if seed % 2 else None, broken, 1 + seed % 200)
        except Exception as error:
            if keep is not None:
                (keep / f"{name.replace(' ', '_')}-{seed}{suffix}").write_bytes(broken)
            raise Broken(f"{name}, seed {seed}: {type(error).__name__}: {error}") from error
    return read


def main() -> int:
    """Fuzz every reader; print for each how many inputs it got and how many of them it read to the end."""
    parser = argparse.ArgumentParser(
        description="Mutated corpus files against the readers.",
        epilog="example: python tests/data_convert/fuzz_readers.py --inputs 10000",
    )
    parser.add_argument("--inputs", type=int, default=10_000, help="mutated files for each of the seeds")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--keep", type=Path, help="folder for an input that fails")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in SEEDS:
            read = fuzz(name, arguments.inputs, Path(folder), arguments.keep, arguments.first)
            print(f"{name:20} {arguments.inputs} inputs, {read} read to the end, none lost, no traceback", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

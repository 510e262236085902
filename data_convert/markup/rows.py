"""JSON Lines of marked texts: spans by their places, and the kit's records for fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import InputError, did_you_mean
from core.terminal import visible_json
from core.text.markup import Marked, Span, parse, split_lines, written
from core.untrusted import JSON_LINE, load_json

_ENDS = ("\n", "\r\n", "\r", "")


def write_spans(lines: Sequence[Marked], types: Sequence[str]) -> str:
    """Write each line as its text, its spans and its line end."""
    return "".join(
        _json(
            {
                "text": line.text,
                "spans": [
                    {"start": start, "end": end, "type": kind, "text": line.text[start:end]}
                    for start, end, kind in line.spans
                ],
                "end": line.end,
            }
        )
        for line in lines
    )


def read_spans(text: str, where: str, types: Sequence[str]) -> list[Marked]:
    """Read what `write_spans` writes; a span's own text may be left out, and the line end, which is then a newline."""
    lines = []
    for place, row in _rows(text, where, {"text": str}, {"spans": list, "end": str}):
        spans = tuple(_span(one, row["text"], f"{place}: span {number}") for number, one in enumerate(row["spans"]))
        lines.append(_checked(Marked(row["text"], spans, row["end"]), place, types))
    return lines


def _span(given: Any, text: str, place: str) -> Span:
    start, end, kind = (given.get(key) if isinstance(given, Mapping) else None for key in ("start", "end", "type"))
    if type(start) is not int or type(end) is not int or not isinstance(kind, str):
        raise InputError(f"{place}: is no {{start, end, type}}, two whole numbers and a text")
    if given.get("text", text[start:end]) != text[start:end]:
        raise InputError(
            f"{place}: column {start + 1}: {given['text']!r} does not stand there, but {text[start:end]!r}"
        )
    return Span(start, end, kind)


def write_pairs(lines: Sequence[Marked], types: Sequence[str]) -> str:
    """Write each line as a record: the text is the question, the marked text the answer."""
    parts = []
    for number, line in enumerate(lines):
        try:
            answer = written(line, types).removesuffix(line.end)
        except InputError as error:
            raise InputError(f"line {number + 1}: {error}") from None
        record = {"id": str(number), "task": "ner", "question": line.text, "answer": answer, "source": ""}
        parts.append(_json({**record, "meta": {"end": line.end}}))
    return "".join(parts)


def read_pairs(text: str, where: str, types: Sequence[str]) -> list[Marked]:
    """Read what `write_pairs` writes, or any objects with a question and an answer that marks spans of it."""
    lines = []
    wanted = {"question": str, "answer": str}
    for place, row in _rows(text, where, wanted, {"id": str, "task": str, "source": str, "meta": dict}):
        end = row["meta"].get("end", "\n")
        try:
            line = parse(row["answer"], types, end)
        except InputError as error:
            raise InputError(f"{place}: answer: {error}") from None
        if line.text != row["question"]:
            at = next(
                (at for at, pair in enumerate(zip(line.text, row["question"], strict=False)) if pair[0] != pair[1]),
                min(len(line.text), len(row["question"])),
            )
            raise InputError(
                f"{place}: column {at + 1}: the answer's text is not the question's; it may only add marks"
            )
        lines.append(_checked(line, place, types))
    return lines


def _checked(line: Marked, place: str, types: Sequence[str]) -> Marked:
    if line.end not in _ENDS:
        raise InputError(f"{place}: end {line.end!r} is no line end")
    try:
        written(line, types)
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    return line


def _rows(
    text: str, where: str, needed: Mapping[str, type], others: Mapping[str, type]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the object of each line, with its fields of these types; others get an empty value."""
    for number, (line, _) in enumerate(split_lines(text), start=1):
        place = f"{where}:{number}"
        if not line.strip():
            continue
        row = load_json(line, place, JSON_LINE)
        if not isinstance(row, dict):
            raise InputError(f"{place}: is no JSON object")
        known = {**needed, **others}
        for key, value in row.items():
            if key not in known:
                raise InputError(f"{place}: unknown field {key!r}{did_you_mean(key, list(known))}")
            if not isinstance(value, known[key]):
                raise InputError(f"{place}: field {key!r} is no {known[key].__name__}")
        if missing := [key for key in needed if key not in row]:
            raise InputError(f"{place}: field {missing[0]!r} is missing")
        yield place, {**{key: "\n" if key == "end" else kind() for key, kind in others.items()}, **row}


def _json(row: Mapping[str, Any]) -> str:
    return visible_json(json.dumps(row, ensure_ascii=False)) + "\n"

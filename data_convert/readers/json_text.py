"""JSON of a corpus as values, and what JSON lets pass and a corpus must not hold as faults."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from core.errors import InputError
from core.untrusted import Bounds, measure_json, repeated
from data_convert.readers.bad import Fault
from data_convert.readers.encodings import may_be_chinese

# A line that takes more is no record, and memory stays bounded.
LONGEST = 16 << 20
# A shorter one cannot take much, whatever it holds.
_LONG = 1 << 20
_BOUNDS = Bounds(64 << 20, 2_000_000)
BLANK = object()
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_INT64 = 1 << 63


class Decoder:
    """Python's JSON decoder, as the judge of what is wrong.

    A key twice in an object, NaN and numbers that no 64 bits hold are noted instead of dropped or changed in silence.
    """

    def __init__(self) -> None:
        self._noted: list[str] = []
        self._json = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_constant=self._constant,
            parse_int=self._integer,
            parse_float=self._real,
        )

    def value_at(self, text: str, start: int) -> tuple[Any, int, str]:
        """Return the value at `start`, where it ends, and what is wrong with it ("": nothing).

        Raises:
            json.JSONDecodeError, RecursionError: there is no JSON value at `start`.
        """
        self._noted.clear()
        value, end = self._json.raw_decode(text, start)
        fault = self._noted[0] if self._noted else _fault_of_text(text[start:end], value)
        return value, end, fault

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            self._noted.append(f"duplicate field {repeated([key for key, _ in pairs])!r}")
        return found

    def _constant(self, name: str) -> None:
        self._noted.append(f"{name} is not a JSON number")

    def _integer(self, digits: str) -> int:
        # Python converts no integer of some thousand digits.
        value = int(digits) if len(digits) < 25 else _INT64
        if not -_INT64 <= value < _INT64:
            self._noted.append("a number does not fit into 64 bits")
        return value

    def _real(self, digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            self._noted.append("a number does not fit into 64 bits")
        return value


_JUDGE = Decoder()


def measure(text: str) -> None:
    """Raise Fault for a text that holds more values, or deeper ones, than any record does."""
    try:
        measure_json(text, _BOUNDS, "")
    except InputError as error:
        raise Fault(str(error).removeprefix(": ")) from None


def decode_line(raw: bytes) -> Any:
    """Return the JSON value of one line of a file, or `BLANK` where it holds nothing.

    orjson reads what is beyond doubt: no number, no key twice, no quote within a text. Python's decoder judges
    everything else.

    Raises:
        Fault: the line is not UTF-8, not JSON, too long, nested too deeply, or one of what `Decoder` notes.
    """
    if len(raw) > LONGEST:
        raise Fault(f"longer than {LONGEST >> 20} MiB")
    if len(raw) > _LONG:
        measure(raw.decode("utf-8", "replace"))
    try:
        value = orjson.loads(raw)
        # A field that stood twice has left its quotes behind.
        if raw.count(b'"') == _quotes(value):
            return value
    except (ValueError, RecursionError):
        pass  # the judge says why
    return _judged(raw)


def _quotes(value: Any) -> int:
    """Return how many quotes a value was written with, if no text in it holds one; below 0 where it holds a number."""
    kind = type(value)
    if kind is str:
        return 2
    if kind is dict:
        return 2 * len(value) + sum(map(_quotes, value.values()))
    if kind is list:
        return sum(map(_quotes, value))
    return 0 if value is None or kind is bool else -(1 << 60)


def _judged(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8").rstrip()
    except UnicodeDecodeError:
        hint = "; it looks like GBK: say data.encoding=gbk" if may_be_chinese(raw) else ""
        raise Fault(f"not UTF-8 text{hint}") from None
    start = len(text) - len(text.lstrip())
    if start == len(text):
        return BLANK
    try:
        value, end, fault = _JUDGE.value_at(text, start)
    except json.JSONDecodeError as error:
        raise Fault(f"malformed JSON (column {error.pos + 1}: {error.msg})") from None
    except RecursionError:
        raise Fault("malformed JSON (nested too deeply)") from None
    if end != len(text):
        mark = text[end:].lstrip().startswith("\ufeff")
        what = (
            "a byte order mark, where two files were joined: begin a new line here" if mark else "text after the value"
        )
        raise Fault(f"malformed JSON (column {end + 1}: {what})")
    if fault:
        raise Fault(fault)
    return value


def _fault_of_text(span: str, value: Any) -> str:
    try:
        # Bytes that are no UTF-8 come here as surrogates from a file that is decoded piece by piece.
        span.encode()
    except UnicodeEncodeError:
        return "not UTF-8 text"
    if _SURROGATE.search(span):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return "an unpaired surrogate (\\ud800 to \\udfff)"
    return ""

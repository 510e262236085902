"""JSON read piece by piece and line by line, against Python's own reading of the whole."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from data_convert.readers.json_stream import JsonStream
from data_convert.readers.json_text import decode_line


class Dribble(io.BytesIO):
    """A file that gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._step)


def elements(data: bytes, step: int) -> list[Any]:
    stream = JsonStream(Dribble(data, step), Path("x.json"))
    found = [element.value for element in stream.elements()]
    stream.end()
    return found


_NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(_VALUES, max_size=5), st.booleans(), st.sampled_from([None, 1]), st.integers(1, 9))
def test_any_array_comes_out_whatever_the_pieces(
    values: list[Any], ascii_only: bool, indent: int | None, step: int
) -> None:
    text = json.dumps(values, ensure_ascii=ascii_only, indent=indent)
    assert elements(b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass"), step) == values


@given(_VALUES, st.booleans())
def test_a_line_gives_what_pythons_decoder_gives(value: Any, ascii_only: bool) -> None:
    assert decode_line(json.dumps(value, ensure_ascii=ascii_only).encode() + b"\r\n") == value


@given(st.text('[]{}",:\\ntruefalse0123456789.-+eEu \n', max_size=20), st.integers(1, 4))
def test_what_is_no_json_is_told_apart_whatever_the_pieces(text: str, step: int) -> None:
    data = f"[{text}]"
    try:
        expected = json.loads(data, parse_float=lambda digits: min(float(digits), 1e308))
    except ValueError:
        with pytest.raises(InputError, match="malformed JSON"):
            elements(data.encode(), step)
    else:
        assert len(elements(data.encode(), step)) == len(expected)


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_each_element_knows_its_line_its_text_and_its_fault(step: int) -> None:
    text = '[{"a": 1},\n\n  {"a": 1, "a": 2}, "é\\ud800"\n, NaN]'
    found = list(JsonStream(Dribble(text.encode(), step), Path("x.json")).elements())
    assert [(element.line, element.text) for element in found] == [
        (1, '{"a": 1}'),
        (3, '{"a": 1, "a": 2}'),
        (3, '"é\\ud800"'),
        (4, "NaN"),
    ]
    assert [element.fault for element in found] == [
        "",
        "duplicate field 'a'",
        "an unpaired surrogate (\\ud800 to \\udfff)",
        "NaN is not a JSON number",
    ]

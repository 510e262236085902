"""The doors for JSON, YAML and zips: what is right comes through as Python's own parsers read it, nothing else does."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.untrusted import SETTINGS, Bounds, encodable, is_text, load_json
from core.yaml_text import read_yaml
from core.zip_file import ZipFault, open_zip

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
SMALL = Bounds(1000, 7, depth=3)


@given(VALUES, st.booleans())
def test_json_is_read_as_python_reads_it(value: Any, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    assert load_json(text, "here") == json.loads(text)
    assert load_json(text.encode(), "here") == value


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (lambda: load_json(data, "here"), lambda: read_yaml(data.decode("utf-8", "replace"), "here")):
        said = _said(read)
        assert said is None or said.startswith("here: ")
        assert "\n" not in (said or "")


def _said(read: Callable[[], Any]) -> str | None:
    try:
        read()
    except InputError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2, 3, 4, 5, 6, 7]", "more than 7 values"),
        ("[[[[1]]]]", "nested too deeply"),
        ('{"a": "' + "x" * 1000 + '"}', "1009 characters, at most 1000"),
        ("9" * 5000, "at most 1000"),
        ("9" * 20, "does not fit into 64 bits"),
        ("-" + "9" * 900, "does not fit into 64 bits"),
        ("1e999", "does not fit into 64 bits"),
        ("[NaN]", "NaN is no JSON number"),
        ('["\\ud800"]', "half of a surrogate pair"),
        ('{"\\udc00": 1}', "half of a surrogate pair"),
        ("[1,]", "line 1, column 4"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_json_beyond_the_bounds_is_refused(text: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match="^here: .*" + said):
        load_json(text, "here", SMALL)


def test_what_stands_in_texts_counts_for_nothing() -> None:
    text = json.dumps({"a": "[" * 300 + "," * 300 + '\\"{'})
    assert load_json(text, "here", SMALL) == json.loads(text)


def test_a_reader_may_ask_for_more() -> None:
    assert load_json("[1e999, -Infinity, " + "9" * 900 + "]", "here", any_number=True)[2] == int("9" * 900)
    (text,) = load_json('["a\\ud800"]', "here", surrogates=True)
    assert not is_text(text)
    assert encodable(text) == "a\ufffd"
    assert encodable("中😀") == "中😀"
    assert load_json('{"a": 1, "a": 2}', "here", pairs=list) == [("a", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\n" + "#" * SETTINGS.size, "at most 262144 are read"),
        ("[" + "0," * SETTINGS.values + "0]", "more than 20000 values"),
        ("[" * 101 + "]" * 101, "nested too deeply"),
        ("a: &a [1]\nb: *a", r"has YAML aliases \(\*name in line 2\)"),
        ("a: &a [*a]", "has YAML aliases"),
        ("a: {<<: *b}", "has YAML aliases"),
        ("a: !!int x", "cannot begin with '!'"),
        ("a: .inf", "line 1, column 4: .inf is not a finite number"),
        ("a: 1e999", "not a finite number"),
        ("a: " + "9" * 20, "does not fit into 64 bits"),
        ("a: " + "9" * 5000, "does not fit into 64 bits"),
        ('a: "\\U00110000"', "not YAML"),
        ('a: "\\ud800"', "cannot be part of a text"),
    ],
)
def test_yaml_beyond_the_bounds_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match="^here: .*" + said) as caught:
        read_yaml(text, "here")
    assert len(str(caught.value)) < 300


def test_yaml_up_to_the_bounds_is_read() -> None:
    assert len(read_yaml("[" + "0," * (SETTINGS.values - 2) + "0]", "here")) == SETTINGS.values - 1
    assert read_yaml("[" * 100 + "]" * 100, "here")


def _zip(method: int) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("a", b"12345" * 1000)
    return stream


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_read(method: int) -> None:
    stream = _zip(method)
    with open_zip(stream) as archive:
        (member,) = archive.members
        assert archive.read(member, 5000) == b"12345" * 1000
        with pytest.raises(ZipFault, match="5000 bytes, at most 4999"):
            archive.read(member, 4999)
        if method == zipfile.ZIP_STORED:
            assert stream.getvalue()[archive.place(member) :].startswith(b"12345")


def test_a_member_that_is_compressed_in_another_way_or_lies_is_refused() -> None:
    with open_zip(_zip(zipfile.ZIP_LZMA)) as archive, pytest.raises(ZipFault, match="compressed by method 14"):
        archive.read(archive.members[0], 5000)
    with open_zip(_zip(zipfile.ZIP_DEFLATED)) as archive:
        archive.members[0].file_size = 6000
        with pytest.raises(ZipFault):
            archive.read(archive.members[0], 6000)
    for body in (b"", b"PK\x05\x06" + b"\xff" * 18, b"x" * 100):
        with pytest.raises(ZipFault), open_zip(io.BytesIO(body)):
            pass


@pytest.mark.parametrize(
    ("at", "value"), [(8, b"\x00\x00"), (14, b"\x01\x02\x03\x04"), (18, b"\x05\0\0\0"), (22, b"\x05\0\0\0")]
)
def test_two_headers_of_a_member_that_contradict_each_other_are_refused(at: int, value: bytes) -> None:
    """Method, checksum and sizes: programs that unpack a stream believe the first header, others the directory."""
    body = bytearray(_zip(zipfile.ZIP_DEFLATED).getvalue())
    body[at : at + len(value)] = value
    with open_zip(io.BytesIO(body)) as archive, pytest.raises(ZipFault, match="two headers"):
        archive.place(archive.members[0])


def test_headers_of_streams_and_of_large_files_are_taken() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *words: int) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    pipe, large = Pipe(), io.BytesIO()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a", "w") as member:
        member.write(b"1" * 9999)
    with zipfile.ZipFile(large, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"1" * 9999)
    for body in (pipe.getvalue(), large.getvalue()):
        with open_zip(io.BytesIO(body)) as opened:
            assert opened.place(opened.members[0]) < 99
            assert opened.read(opened.members[0], 9999) == b"1" * 9999

"""The checker's bounds: what is too large is hashed and named; the linear walks find what their expressions found."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from run_folder import rewrite

from core.errors import GateError
from submission.check import check_zip, main
from submission.checks.report import pictures_in
from submission.package.archive import Problems
from submission.package.pictures import NoPicture, look_at, pixels_of
from submission.report.figures import find_figures, is_longer, show

_FIGURE = re.compile(r"<!--=([^>]*?)-->(.*?)<!--/-->", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")


@given(st.lists(st.sampled_from(["<!--=", "-->", "<!--/-->", "a", ">", "-", "--", "/", "\n", "="]), max_size=14))
def test_figures_are_those_that_the_expression_finds(parts: list[str]) -> None:
    text = "".join(parts)
    assert list(find_figures(text)) == [found.groups() for found in _FIGURE.finditer(text)]


@given(st.lists(st.sampled_from(["![", "](", ")", "a", "]", "[", "!", " ", "("]), max_size=14))
def test_pictures_are_those_that_the_expression_finds(parts: list[str]) -> None:
    text = "".join(parts)
    assert list(pictures_in(text)) == _IMAGE.findall(text)


def _png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, format="PNG")
    return out.getvalue()


def test_a_picture_is_measured_by_its_header() -> None:
    body = _png(70, 30)
    assert pixels_of(body) == (70, 30)
    assert look_at(body).pixels == 2100
    for damaged in (b"", body[:40], body[8:], body[:8] + body[20:]):
        with pytest.raises(NoPicture):
            pixels_of(damaged)
    many = body[:33] + (bytes(4) + b"teSt" + bytes(4)) * 100 + body[33:]
    with pytest.raises(NoPicture, match="more than 4096 pieces, 64 besides pixels, or 4 packed texts"):
        pixels_of(many)


def test_what_is_too_large_is_named_and_such_a_zip_does_not_pass(
    good_zip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(members: dict[str, bytes]) -> None:
        members["images/large.png"] = _png(5000, 4000)
        members["report.md"] += b" " * (3 << 20)

    bad = rewrite(good_zip, tmp_path / "large.zip", change, honest=True)
    verdict = check_zip(bad)
    assert not verdict.ok
    assert len(verdict.not_looked_at) == 2
    assert set(verdict.not_looked_at) <= set(verdict.problems)
    assert "images/large.png: not looked at: 5000 x 4000 pixels, too large" in verdict.not_looked_at
    with pytest.raises(GateError):
        main([str(bad)])
    assert "2 of these name what was not looked at" in capsys.readouterr().out
    with pytest.raises(GateError):
        main([str(bad), "--json"])
    assert len(json.loads(capsys.readouterr().out)["not_looked_at"]) == 2


def test_problems_end_somewhere() -> None:
    problems = Problems()
    problems.note_all(f"problem {number} " + "x" * 1000 for number in range(10**9))
    problems.note("one more")
    assert len(problems) == 1001
    assert max(map(len, problems)) <= 501
    assert list(problems)[-1] == "more than 1000 problems: the others are not listed"


def _copied(source: Path, target: Path, *more: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        for entry, body in more:
            new.writestr(entry, body)
    return target


def _entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (_entry("code/pipe", 0o010644), "code/pipe: neither a file nor a folder"),
        (_entry("code/device", 0o020644), "code/device: neither a file nor a folder"),
        (_entry("code/odd/"), "code/odd/: a folder with a content of 1 bytes"),
        (_entry("./report.md"), "./report.md: appears twice in the zip"),
        (_entry("report.md "), "report.md : appears twice in the zip"),
        (_entry("REPORT.md"), "REPORT.md: appears twice in the zip"),
    ],
)
def test_a_member_that_means_two_things_is_named(
    good_zip: Path, tmp_path: Path, entry: zipfile.ZipInfo, said: str
) -> None:
    verdict = check_zip(_copied(good_zip, tmp_path / "odd.zip", (entry, b"x")))
    assert not verdict.ok
    assert said in verdict.problems


def test_bytes_that_belong_to_no_file_are_not_passed_over(good_zip: Path, tmp_path: Path) -> None:
    body = good_zip.read_bytes()
    for name, odd in {"before": b"#!/bin/sh\n" + body, "behind": body + body, "end": body + bytes(500)}.items():
        path = tmp_path / f"{name}.zip"
        path.write_bytes(odd)
        verdict = check_zip(path)
        assert not verdict.ok
        assert [line for line in verdict.not_looked_at if "belong to no file" in line]
    streamed = io.BytesIO()
    with zipfile.ZipFile(good_zip) as old, zipfile.ZipFile(_Stream(streamed), "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    path.write_bytes(streamed.getvalue())  # with the sizes behind each member
    assert check_zip(path).ok


class _Stream(io.RawIOBase):
    """A file that only takes bytes, one after the other."""

    def __init__(self, into: io.BytesIO) -> None:
        super().__init__()
        self._into = into

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._into.write(data)


def test_a_key_that_stands_twice_is_refused(good_zip: Path, tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        name = "results/score.json"
        members[name] = members[name].replace(b'"checkpoints"', b'"checkpoints": {}, "checkpoints"', 1)

    verdict = check_zip(rewrite(good_zip, tmp_path / "twice.zip", change, honest=True))
    assert "results/score.json: the key 'checkpoints' stands twice" in verdict.problems


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    )
)
def test_what_is_called_longer_is_longer(value: Any) -> None:
    length = len(show(value))
    assert not is_longer(value, length)

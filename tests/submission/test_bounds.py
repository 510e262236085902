"""The checker's bounds: what is too large is hashed and named; the linear walks find what their expressions found."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from run_folder import rewrite

from core.errors import GateError
from submission.check import check_zip, main
from submission.checks.parts import pictures_in
from submission.package.archive import Problems
from submission.package.pictures import NoPicture, look_at, pixels_of
from submission.report.figures import find_figures

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
    with pytest.raises(NoPicture, match="more than 4096 pieces, or 64 besides pixels"):
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

"""The checks of a report: what it shows is what was measured, in each of its forms, and nothing is left out.

`report.json` says which lines of `report.md` show which figures; they are made again from the results of the zip and
looked for. The page has its figures in elements of their own, and all of them as a block of JSON. Word and PDF files
name the hash of the figures that they were made with. Reports of before 0.3 have marks in their text instead.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from core.errors import InputError
from core.result_parts import Part
from core.untrusted import load_json
from core.zip_file import open_zip
from submission.checks.handed import Handed
from submission.package import layout
from submission.package.archive import JSON, Contents, shown
from submission.report.content import Figure
from submission.report.figures import LONGEST, find_figures, is_longer, required_figures, resolve, show
from submission.report.html import BLOCK
from submission.report.markdown import show_figure, written
from submission.report.rounding import shown as rounded
from submission.report.sidecar import SCHEMA, figures_sha256

_IMAGE = re.compile(r"\]\(([^)\s]+)\)")
_LONGEST_LINK = 256
_SHORT_FIGURE = 200  # characters; a result up to that is named where the report has another
_OPENED = '<a class="figure" '
_ELEMENT = re.compile(
    r'<a class="figure" href="[^"]*" data-path="([^"]*)" data-kind="([^"]*)" title="[^"]*">([^<]*)</a>'
)
_BLOCK = f'<script type="application/json" id="{BLOCK}">'
_PROPERTIES = "docProps/core.xml"


class SidecarLine(Part):
    """A line of `report.md`: the texts around its figures, and (place, kind of rounding) of each."""

    texts: Annotated[tuple[str, ...], Field(strict=False)]
    figures: Annotated[tuple[Annotated[tuple[str, str], Field(strict=False)], ...], Field(strict=False)]


class Sidecar(Part):
    """`report.json`, as far as the checks need it."""

    schema_version: int = Field(alias="schema")
    figures: Mapping[str, Any]
    lines: Annotated[tuple[SidecarLine, ...], Field(strict=False)]


def report_problems(handed: Handed) -> Iterator[str]:
    """Every figure in the report is the one that was measured, none is left out, and its pictures are there."""
    contents = handed.contents
    try:
        text = contents.text(layout.REPORT)
    except ValueError as error:
        if layout.REPORT in contents.sizes:
            yield f"{layout.REPORT}: {error}"
        return
    said: set[str] = set()
    yield from _mark_problems(handed.sources, text, said)
    sidecar = yield from _sidecar(contents)
    results = _Results(handed.sources)
    if sidecar is not None:
        yield from _value_problems(layout.REPORT_DATA, sidecar.figures, results)
        yield from _line_problems(sidecar.lines, text, results, said)
    required = required_figures(handed.sources)
    yield from (f"{layout.REPORT}: the figure {shown(path)} is missing" for path in required if path not in said)
    for name in pictures_in(text):
        if name not in contents.sizes:
            yield f"{layout.REPORT}: picture {shown(name)} is not in the zip"
    yield from _page_problems(contents, results, required)
    if sidecar is not None:
        yield from _property_problems(contents, figures_sha256(dict(sidecar.figures)))


class _Results:
    """What was measured, as a report has to show it; each place is looked up once."""

    def __init__(self, sources: Mapping[str, Any]) -> None:
        self._sources = sources
        self._known: dict[str, tuple[Any, str]] = {}

    def value(self, path: str) -> tuple[Any, str]:
        """Return the value at a place, and "" or what is wrong with it."""
        if path not in self._known:
            try:
                value = resolve(self._sources, path)
                self._known[path] = (value, "the result is longer" if is_longer(value, LONGEST) else "")
            except KeyError:
                self._known[path] = (None, "but there is no such result")
        return self._known[path]


def _sidecar(contents: Contents) -> Iterator[str] | Any:
    """Return `report.json`; None where there is none, or where what is wrong with it has been said."""
    if layout.REPORT_DATA not in contents.sizes:
        return None
    try:
        value = contents.value(layout.REPORT_DATA)
        sidecar = Sidecar.model_validate(value)
    except (InputError, ValidationError) as error:
        said = str(error) if isinstance(error, InputError) else f"{layout.REPORT_DATA}: is no list of figures and lines"
        yield said
        return None
    if sidecar.schema_version != SCHEMA:
        yield f"{layout.REPORT_DATA}: has schema {sidecar.schema_version}, this version reads {SCHEMA}"
        return None
    return sidecar


def _value_problems(where: str, figures: Mapping[str, Any], results: _Results) -> Iterator[str]:
    for path, stated in figures.items():
        value, wrong = results.value(path)
        if is_longer(stated, LONGEST):
            yield f"{where}: {shown(path)} is too long"
        elif wrong:
            yield f"{where}: {shown(path)} is {shown(show(stated))}, {wrong}"
        elif show(value) != show(stated):
            yield f"{where}: {shown(path)} is {shown(show(stated))}, the result is {shown(show(value))}"


def _line_problems(lines: Sequence[SidecarLine], text: str, results: _Results, said: set[str]) -> Iterator[str]:
    """Each line that shows figures stands in the report as the results make it."""
    there = set(text.split("\n"))
    for line in lines:
        if len(line.texts) != len(line.figures) + 1:
            yield f"{layout.REPORT_DATA}: a line has {len(line.texts)} texts around {len(line.figures)} figures"
            continue
        values = [results.value(path) for path, _ in line.figures]
        if any(wrong for _, wrong in values):
            continue  # said of the values
        parts = zip(line.figures, values, strict=True)
        expected = written(line.texts, [show_figure(Figure(path, kind, value)) for (path, kind), (value, _) in parts])
        if expected in there:
            said.update(path for path, _ in line.figures)
        else:
            places = ", ".join(dict.fromkeys(path for path, _ in line.figures))
            yield f"{layout.REPORT}: {shown(places)}: there is no line {shown(expected)!r}, as the results make it"
            said.update(path for path, _ in line.figures)


def _page_problems(contents: Contents, results: _Results, required: Sequence[str]) -> Iterator[str]:
    """The figures of the page are those of the results, and none is left out."""
    name = layout.PAGE
    if name not in contents.bodies:
        return
    try:
        text = contents.text(name)
    except ValueError as error:
        yield f"{name}: {error}"
        return
    from html import unescape

    elements = _ELEMENT.findall(text)
    if len(elements) != text.count(_OPENED):
        yield f"{name}: {text.count(_OPENED) - len(elements)} figures cannot be read"
    said = set()
    for escaped, kind, stated in elements:
        path = unescape(escaped)
        said.add(path)
        value, wrong = results.value(path)
        expected = "" if wrong else rounded(value, unescape(kind))
        if wrong:
            yield f"{name}: {shown(path)} is {shown(unescape(stated))}, {wrong}"
        elif unescape(stated) != expected:
            yield f"{name}: {shown(path)} is {shown(unescape(stated))}, the result is {shown(expected)}"
    yield from (f"{name}: the figure {shown(path)} is missing" for path in required if path not in said)
    begin = text.find(_BLOCK)
    block = text[begin + len(_BLOCK) : text.find("</script>", begin)] if begin >= 0 else ""
    try:
        value = load_json(block, name, JSON)
    except InputError:
        value = None
    figures = value.get("figures") if isinstance(value, dict) else None
    if not isinstance(figures, dict):
        yield f"{name}: has no block of its figures as JSON"
    else:
        yield from _value_problems(name, figures, results)


def _property_problems(contents: Contents, sha256: str) -> Iterator[str]:
    """Word and PDF files name the figures that they were made with."""
    for name in (layout.WORD, layout.PDF):
        body = contents.bodies.get(name)
        if body is not None and sha256.encode() not in (_properties(body) if name == layout.WORD else body):
            yield f"{name}: was made with other figures than {layout.REPORT}"


def _properties(body: bytes) -> bytes:
    """Return the properties of a Word file; empty where it cannot be read."""
    try:
        with open_zip(io.BytesIO(body)) as archive:
            entry = next((item for item in archive.members if item.filename == _PROPERTIES), None)
            if entry is None or entry.file_size > 1 << 16:
                return b""
            return b"".join(archive.pieces(entry))
    except InputError:
        return b""


def _mark_problems(sources: Mapping[str, Any], text: str, said: set[str]) -> Iterator[str]:
    """Figures between marks, as reports had them before 0.3: `<!--=ratio/ratio-->0.0126<!--/-->`."""
    measured: dict[str, str] = {}  # what the report says under a path again and again is shown once
    for path, figure in find_figures(text):
        said.add(path)
        result = measured.get(path) or _shown_figure(sources, path, len(figure))
        if result is None:
            yield f"{layout.REPORT}: {shown(path)} is {shown(figure)}, but there is no such result"
        elif result == "":
            yield f"{layout.REPORT}: {shown(path)} is {shown(figure)}, the result is longer"
        elif figure != result:
            yield f"{layout.REPORT}: {shown(path)} is {shown(figure)}, the result is {shown(result)}"
        if result:
            measured[path] = result


def _shown_figure(sources: Mapping[str, Any], path: str, length: int) -> str | None:
    """Return how the report has to show the result under a path; None where there is none, "" where it is far longer.

    A long result within a result within a result would be shown as often as it is nested, so what cannot have the
    length that the report gives it is not shown at all: all in all the work is that of reading the report.
    """
    try:
        value = resolve(sources, path)
    except KeyError:
        return None
    return "" if is_longer(value, max(length, _SHORT_FIGURE)) else show(value)


def pictures_in(text: str) -> Iterator[str]:
    """Yield the files of a Markdown text's pictures, `![what it shows](file)`, in one walk from left to right."""
    at = text.find("![")
    while at >= 0:
        closed = text.find("]", at)
        if closed < 0:
            return
        if link := _IMAGE.match(text, closed, closed + _LONGEST_LINK):
            yield link[1]
        at = text.find("![", link.end() if link else closed)

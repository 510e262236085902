"""The report as one HTML file that opens anywhere: nothing is loaded, all pictures are in it, everything is escaped.

Light and dark follow the reader's system, narrow screens scroll wide tables by themselves, and paper gets no menu. Each
figure is a link to the file of the zip that it comes from; hovering over it shows its place and all its digits.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from core.terminal import visible, visible_json
from submission.report.content import (
    Block,
    Bold,
    Cell,
    Code,
    Figure,
    Inline,
    Link,
    Paragraph,
    Picture,
    Report,
    Section,
    Table,
    Tokens,
    Verbatim,
    Words,
)
from submission.report.figures import file_of
from submission.report.markdown import target as target_of
from submission.report.markdown import token_text
from submission.report.sidecar import SCHEMA, figures_of, figures_sha256

BLOCK = "report-figures"
_STYLE = Path(__file__).with_name("style.css")
# Nothing may be loaded and no script may run, whatever a name or an answer tries.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SCHEMES = ("http://", "https://", "obs://")


def as_html(report: Report, pictures: Mapping[str, Path], drawings: Mapping[str, str]) -> str:
    """Return a report as one HTML file.

    Args:
        report: what it says.
        pictures: name in the zip -> PNG file, which is put into the page.
        drawings: kind of a plot -> the plot as SVG, which takes the page's colours.
    """
    return "\n".join(_Page(report, pictures, drawings).lines()) + "\n"


class _Page:
    """Writes one page."""

    def __init__(self, report: Report, pictures: Mapping[str, Path], drawings: Mapping[str, str]) -> None:
        self._report, self._pictures, self._drawings = report, pictures, drawings
        self._chinese = report.language == "zh"

    def lines(self) -> Iterator[str]:
        report = self._report
        yield "<!doctype html>"
        yield f'<html lang="{"zh-CN" if self._chinese else "en"}">'
        yield "<head>"
        yield '<meta charset="utf-8">'
        yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield '<meta name="color-scheme" content="light dark">'
        yield '<link rel="icon" href="data:,">'
        yield f"<title>{escape(report.title)}</title>"
        yield f"<style>\n{_STYLE.read_text(encoding='utf-8')}</style>"
        yield "</head>"
        yield "<body>"
        yield f"<header><h1>{escape(report.title)}</h1></header>"
        yield f'<nav aria-label="{"目录" if self._chinese else "Contents"}"><ol>'
        for section in report.sections:
            yield f'<li><a href="#{section.key}">{escape(section.title)}</a></li>'
        yield "</ol></nav>"
        yield "<main>"
        for section in report.sections:
            yield from self.section(section, 2)
        yield "</main>"
        figures = figures_of(report)
        block = {"schema": SCHEMA, "figures_sha256": figures_sha256(figures), "figures": figures}
        yield f'<script type="application/json" id="{BLOCK}">{json_in_html(block)}</script>'
        yield "</body>"
        yield "</html>"

    def section(self, section: Section, level: int) -> Iterator[str]:
        body = [line for block in section.blocks for line in self.block(block)]
        inner = [line for part in section.parts for line in self.section(part, level + 1)]
        heading = f"<h{level}>{escape(section.title)}</h{level}>"
        if section.folded:
            yield f'<details id="{section.key}"><summary>{heading}</summary>'
            yield from (*body, *inner, "</details>")
        else:
            yield f'<section id="{section.key}">{heading}'
            yield from (*body, *inner, "</section>")

    def block(self, block: Block) -> Iterator[str]:
        if isinstance(block, Paragraph):
            yield f"<p>{self.text(block.text)}</p>"
        elif isinstance(block, Table):
            yield from self.table(block)
        elif isinstance(block, Verbatim):
            lines = "\n".join(visible(line) for line in block.text.split("\n"))
            yield f"<pre>{escape(lines)}</pre>"
        elif isinstance(block, Tokens):
            yield from _tokens(block)
        elif isinstance(block, Picture):
            yield from self.picture(block)
        elif isinstance(block, Words):
            yield from own_words(block.lines)

    def table(self, table: Table) -> Iterator[str]:
        yield '<div class="wide"><table>'
        if any(table.head):
            yield f"<thead><tr>{''.join(f'<th scope=col>{escape(name)}</th>' for name in table.head)}</tr></thead>"
        yield "<tbody>"
        for row in table.rows:
            cells = "".join(f"<td{_class(cell)}>{self.cell(cell)}</td>" for cell in row)
            yield f"<tr>{cells}</tr>"
        yield "</tbody></table></div>"

    def cell(self, cell: Cell) -> str:
        return self.text(cell.text) if isinstance(cell, Paragraph) else self.inline(cell)

    def text(self, text: Iterable[Inline]) -> str:
        return "".join(map(self.inline, text))

    def inline(self, item: Inline) -> str:
        if isinstance(item, Figure):
            file = file_of(item.path)
            hint = visible(f"{file}: {item.path.partition('/')[2]} = {_digits(item.value)}")
            marks = f'data-path="{escape(item.path)}" data-kind="{escape(item.kind)}"'
            return f'<a class="figure" href="{escape(file)}" {marks} title="{escape(hint)}">{escape(item.text)}</a>'
        if isinstance(item, Bold):
            return f"<strong>{self.inline(item.part)}</strong>"
        if isinstance(item, Code):
            return f"<code>{escape(item.text)}</code>"
        if isinstance(item, Link):
            return _link(item.text, item.target)
        return escape(item)

    def picture(self, picture: Picture) -> Iterator[str]:
        drawing = self._drawings.get(picture.kind) if picture.kind else None
        if drawing is None:
            data = base64.b64encode(self._pictures[picture.file].read_bytes()).decode("ascii")
            drawing = f'<img alt="{escape(picture.alt)}" src="data:image/png;base64,{data}">'
        yield f"<figure>{drawing}<figcaption>{escape(picture.alt)}</figcaption></figure>"


def json_in_html(value: Any) -> str:
    """Return JSON that cannot end the element it stands in."""
    text = visible_json(json.dumps(value, ensure_ascii=False, allow_nan=False))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _digits(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _class(cell: Cell) -> str:
    inner = cell.part if isinstance(cell, Bold) else cell
    return ' class="number"' if isinstance(inner, Figure) and is_number(inner) else ""


def is_number(figure: Figure) -> bool:
    """Tell whether a figure stands at the right of its column."""
    return figure.kind not in ("full", "hash", "yes", "是")


def is_page(target: str) -> bool:
    """Tell whether a link leads to a page or a bucket outside, and not to a file of the zip."""
    return target.startswith(_SCHEMES)


def _link(text: str, target: str) -> str:
    """Return a link to a file of the zip, or to a page; any other scheme is shown as text."""
    if ":" in target.split("/", 1)[0] and not is_page(target):
        return escape(text)
    return f'<a href="{escape(target_of(target))}" rel="noreferrer noopener">{escape(text)}</a>'


def _tokens(block: Tokens) -> Iterator[str]:
    spans = "".join(
        f"<span{' class=learned' if learned else ''}>{escape(visible(token_text(text)))}</span>"
        for text, learned in block.tokens
    )
    yield f'<p class="tokens">{spans}</p>'
    yield (f'<p class="key"><span>{escape(block.read)}</span> <span class="learned">{escape(block.learned)}</span></p>')


def own_words(lines: Iterable[str]) -> Iterator[str]:
    """Yield a team's Markdown as HTML: paragraphs, lists, code blocks and tables as text; nothing in it is a tag."""
    for kind, body in grouped(lines):
        if kind == "code":
            yield f"<pre>{escape(chr(10).join(body))}</pre>"
        elif kind == "list":
            yield f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in body)}</ul>"
        else:
            yield f"<p>{escape(' '.join(body))}</p>"


def grouped(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield ("text", "list" or "code", lines) of a team's Markdown, without its signs for lists and code."""
    kind, body, fenced = "", list[str](), False
    for line in [*lines, ""]:
        if line.strip().startswith(("```", "~~~")):
            if body:
                yield kind, body
            kind, body, fenced = ("", [], False) if fenced else ("code", [], True)
            continue
        if fenced:
            body.append(line)
            continue
        item = line.lstrip()
        new = (
            ""
            if not item
            else "list"
            if item.startswith(("- ", "* ", "+ "))
            else "code"
            if item.startswith("|")
            else "text"
        )
        if new != kind and body:
            yield kind, body
            body = []
        kind = new
        if new:
            body.append(item[2:] if new == "list" else item)
    if body:
        yield kind, body

"""The report as Markdown: plain text that any viewer shows, without marks; and what a checker looks for in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from core.terminal import laid_out, visible
from submission.report.content import (
    Block,
    Bold,
    Cell,
    Code,
    Figure,
    Inline,
    Link,
    Own,
    Paragraph,
    Picture,
    Report,
    Section,
    Table,
    Tokens,
    Verbatim,
    Words,
)
from submission.report.figures import code
from submission.report.rounding import shown

# Private characters stand for figures while lines are made; `visible` lets none of a text from outside through.
_BEGIN, _END = "\ue000", "\ue001"
_MARK = re.compile(f"{_BEGIN}(\\d+){_END}")


@dataclass(frozen=True)
class Line:
    """A line with figures: the texts around them, and the figures, one fewer."""

    texts: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Markdown:
    """The report's text, and its lines that hold figures."""

    text: str
    lines: tuple[Line, ...]


def as_markdown(report: Report) -> Markdown:
    """Return a report as Markdown."""
    writer = _Writer()
    raw = "\n".join(writer.report(report))
    lines, found = [], []
    for line in raw.split("\n"):
        parts = _MARK.split(line)
        if len(parts) > 1:
            figures = tuple(writer.figures[int(number)] for number in parts[1::2])
            found.append(Line(tuple(parts[::2]), figures))
            line = written(found[-1].texts, [show_figure(item) for item in figures])
        lines.append(line)
    return Markdown("\n".join(lines) + "\n", tuple(found))


def written(texts: tuple[str, ...], figures: list[str]) -> str:
    """Return a line with its figures in it."""
    return "".join(text + figure for text, figure in zip(texts, [*figures, ""], strict=True))


def show_figure(figure: Figure) -> str:
    """Return a figure as it stands in Markdown."""
    return escaped(shown(figure.value, figure.kind))


def escaped(text: str) -> str:
    """Return a line of text that Markdown shows as it is: as code where it has characters that mean something."""
    return code(text) if _MEANS.search(text) else text


_MEANS = re.compile(r"[|<>*`\\\[\]#~&$]|(?<!\w)_|_(?!\w)|^\s*(?:[-+]|\d+[.)])\s|^\s|\s$")


class _Writer:
    """Writes lines with places for figures."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []

    def report(self, report: Report) -> Iterator[str]:
        yield f"# {escaped(report.title)}"
        for section in report.sections:
            yield from self.section(section, 2)

    def section(self, section: Section, level: int) -> Iterator[str]:
        yield from ("", f"{'#' * level} {section.title if _is_plain(section.title) else escaped(section.title)}")
        for block in section.blocks:
            yield ""
            yield from self.block(block)
        for part in section.parts:
            yield from self.section(part, level + 1)

    def block(self, block: Block) -> Iterator[str]:
        if isinstance(block, Paragraph):
            yield "".join(map(self.inline, block.text))
        elif isinstance(block, Table):
            yield f"| {' | '.join(block.head)} |"
            yield "|" + "---|" * len(block.head)
            for row in block.rows:
                yield f"| {' | '.join(map(self.cell, row))} |"
        elif isinstance(block, Verbatim):
            yield fenced(block.text)
        elif isinstance(block, Tokens):
            yield fenced("\n".join(token_lines(block)))
        elif isinstance(block, Picture):
            yield f"![{block.alt}]({block.file})"
        elif isinstance(block, Words):
            yield from block.lines

    def cell(self, cell: Cell) -> str:
        return "".join(map(self.inline, cell.text)) if isinstance(cell, Paragraph) else self.inline(cell)

    def inline(self, item: Inline) -> str:
        if isinstance(item, Figure):
            self.figures.append(item)
            return f"{_BEGIN}{len(self.figures) - 1}{_END}"
        if isinstance(item, Bold):
            return f"**{self.inline(item.part)}**"
        if isinstance(item, Code):
            return code(item.text)
        if isinstance(item, Link):
            return f"[{escaped(item.text)}]({target(item.target)})"
        return item if isinstance(item, Own) else escaped(item)


def _is_plain(title: str) -> bool:
    return not _MEANS.search(title.partition(". ")[2] or title)


def target(link: str) -> str:
    """Return a link's target so that Markdown takes all of it and no more."""
    return "".join(one if _goes_into_a_link(one) else quote(one, errors="surrogateescape") for one in link)


def _goes_into_a_link(character: str) -> bool:
    return not character.isspace() and character not in '<>()\\"`|' and visible(character) == character


def fenced(text: str) -> str:
    """Return text as a Markdown code block whose fence the text cannot close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{laid_out(text.split(chr(10)))}\n{fence}"


def token_lines(block: Tokens) -> Iterator[str]:
    """Yield a training row as lines: each stretch that is read or learned, its tokens apart."""
    begin = 0
    tokens = block.tokens
    while begin < len(tokens):
        end = begin
        while end < len(tokens) and tokens[end][1] == tokens[begin][1]:
            end += 1
        name = block.learned if tokens[begin][1] else block.read
        yield f"{name}: " + "│".join(token_text(text) for text, _ in tokens[begin:end])
        begin = end


def token_text(text: str) -> str:
    """Return a token so that its blanks and line breaks are seen."""
    return text.replace(" ", "·").replace("\n", "⏎").replace("\t", "⇥")

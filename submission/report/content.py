"""What a report says, apart from how it looks: sections of paragraphs, tables and pictures, which any form can show.

Every figure in it knows where it comes from (`score/checkpoints/step_100/score`), its value with all digits, and how it
is rounded. The renderers beside this file make Markdown, HTML, Word and PDF of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from submission.report.rounding import shown


@dataclass(frozen=True)
class Figure:
    """A figure that was measured or set.

    Attributes:
        path: where it stands: a source (a result, "run", "audit", "environment", "weights"), then names.
        kind: how it is shown, a key of `rounding.KINDS`.
        value: with all its digits.
    """

    path: str
    kind: str
    value: Any

    @property
    def text(self) -> str:
        """The figure as people read it."""
        return shown(self.value, self.kind)


class Own(str):
    """The kit's own words, in which a form may leave its signs as they are; any other text may be from outside."""


@dataclass(frozen=True)
class Bold:
    """Something that stands out."""

    part: Figure | str


@dataclass(frozen=True)
class Code:
    """A name, a command or a text that came from elsewhere, on one line."""

    text: str


@dataclass(frozen=True)
class Link:
    """A link that the reader may follow: to a file of the zip, or to a page outside."""

    text: str
    target: str


Inline = str | Figure | Bold | Code | Link
Text = tuple[Inline, ...]


@dataclass(frozen=True)
class Paragraph:
    """Words."""

    text: Text


Cell = Inline | Paragraph


@dataclass(frozen=True)
class Table:
    """Rows of cells below a head; a head of empty names is not shown."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Verbatim:
    """Lines as they are: a prompt, a command, a formula."""

    text: str


@dataclass(frozen=True)
class Tokens:
    """A training row: (token, whether it is learned), its long unlearned stretches shortened."""

    tokens: tuple[tuple[str, bool], ...]
    read: str
    learned: str


@dataclass(frozen=True)
class Picture:
    """A picture in the zip.

    Attributes:
        file: its name there.
        alt: what it shows.
        kind: of a plot, which is drawn again as lines where a form can show these; "" for a screenshot.
    """

    file: str
    alt: str
    kind: str = ""


@dataclass(frozen=True)
class Words:
    """A team's own words: paragraphs, lists and code in plain Markdown, as they were given."""

    lines: tuple[str, ...]


Block = Paragraph | Table | Verbatim | Tokens | Picture | Words


@dataclass(frozen=True)
class Section:
    """A section.

    Attributes:
        key: its name, by which a team adds words of its own to it.
        title: its heading, with its number.
        blocks: what stands in it.
        parts: sections below it.
        folded: whether a reader on a screen has to open it: an appendix.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]
    parts: tuple[Section, ...] = ()
    folded: bool = False

    def inside(self) -> Iterator[Section]:
        """Yield this section and those below it."""
        yield self
        for part in self.parts:
            yield from part.inside()


@dataclass(frozen=True)
class Report:
    """A whole report.

    Attributes:
        language: "zh" or "en".
        title: of the whole.
        sections: in their order.
    """

    language: str
    title: str
    sections: tuple[Section, ...]
    _found: dict[str, Figure] = field(default_factory=dict, compare=False)

    def figures(self) -> dict[str, Figure]:
        """Return the figures by path, in the order in which they first stand."""
        if not self._found:
            for top in self.sections:
                for section in top.inside():
                    for block in section.blocks:
                        self._found.update(
                            {item.path: item for item in _figures(block) if item.path not in self._found}
                        )
        return self._found


def _figures(block: Block) -> Iterator[Figure]:
    if isinstance(block, Paragraph):
        for item in block.text:
            inner = item.part if isinstance(item, Bold) else item
            if isinstance(inner, Figure):
                yield inner
    elif isinstance(block, Table):
        for row in block.rows:
            for cell in row:
                yield from _figures(cell if isinstance(cell, Paragraph) else Paragraph((cell,)))


def paragraph(template: str, *parts: Inline) -> Paragraph:
    """Return a paragraph: the parts take the places of `{}` in the template, which is the kit's own words."""
    words = template.split("{}")
    if len(words) != len(parts) + 1:
        raise ValueError(f"{template!r} has {len(words) - 1} places for {len(parts)} parts")
    text: list[Inline] = [Own(words[0])]
    for part, behind in zip(parts, words[1:], strict=True):
        text += [part, Own(behind)]
    return Paragraph(tuple(item for item in text if item != ""))


def joined(paragraphs: Iterable[Paragraph], between: str) -> Paragraph:
    """Return paragraphs as one."""
    text: list[Inline] = []
    for one in paragraphs:
        text += [Own(between), *one.text] if text and between else one.text
    return Paragraph(tuple(text))


def bold(item: Inline) -> Inline:
    """Return a figure or a text so that it stands out."""
    return Bold(item) if isinstance(item, (Figure, str)) else item

"""Log lines drawn as a terminal shows them: a grid of cells, long lines wrapped, nothing lost that a font lacks."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.files import replacing
from submission.report.excerpts import Excerpt
from submission.report.fonts import FontStack

if TYPE_CHECKING:
    from PIL.Image import Image

_COLUMNS = 148
_MARGIN = 14
_LONGEST = 1200
_PAPER, _BAR = (24, 26, 31), (46, 50, 60)
_INK, _DIM, _HEAD = (222, 226, 230), (120, 128, 140), (130, 200, 255)
_COLOR_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

Color = tuple[int, int, int]
Cell = tuple[str, int]
Row = list[tuple[Cell, Color]]


def render(title: str, excerpts: Sequence[Excerpt], fonts: FontStack) -> Image:
    r"""Draw excerpts one below the other.

    Args:
        title: stands in the bar at the top.
        excerpts: each is headed by its file, line numbers and sha256; each line by its number.
        fonts: a character that none of them can draw is written as its escape (`\\u8ba1`).
    """
    from PIL import Image, ImageDraw

    rows: list[Row] = []
    for excerpt in excerpts:
        head = f"{excerpt.file}  lines {excerpt.numbers} of {excerpt.total}"
        for text in (head, f"sha256 {excerpt.sha256}"):
            rows += wrapped([(cell, _HEAD) for cell in cells(text, fonts)])
        for number, text in excerpt.lines:
            rows += wrapped([*_number(number, fonts), *((cell, _INK) for cell in cells(shortened(text), fonts))])
        rows.append([])
    width, height = fonts.cell
    bar = height + 12
    image = Image.new("RGB", (2 * _MARGIN + _COLUMNS * width, bar + 2 * _MARGIN + len(rows) * height), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.width, bar), fill=_BAR)
    lines = [([(cell, _INK) for cell in cells(title, fonts)][:_COLUMNS], 6)]
    lines += [(row, bar + _MARGIN + index * height) for index, row in enumerate(rows)]
    for row, top in lines:
        column = 0
        for (character, span), color in row:
            draw.text((_MARGIN + column * width, top), character, fill=color, font=fonts.pick(character))
            column += span
    return image


def save(image: Image, excerpts: Sequence[Excerpt], path: Path) -> None:
    """Write a PNG that carries the origin of its lines in its text field `sources`, as JSON."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("sources", json.dumps([excerpt.origin() for excerpt in excerpts]))
    with replacing(path) as partial:
        image.save(partial, format="PNG", pnginfo=info, optimize=True)


def cells(text: str, fonts: FontStack) -> list[Cell]:
    """Return (character, cells it takes) of a line; colour codes are dropped, what cannot be drawn is escaped."""
    row: list[Cell] = []
    for character in _COLOR_CODES.sub("", text).expandtabs(8):
        if character.isprintable() and fonts.pick(character) is not None:
            row.append((character, 2 if unicodedata.east_asian_width(character) in "WF" else 1))
        else:
            row += [(letter, 1) for letter in _escape(character)]
    return row


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a line of at most `longest` characters that says how many more there were."""
    return text if len(text) <= longest else f"{text[:longest]} ... ({len(text) - longest} more characters)"


def wrapped(row: Row, columns: int = _COLUMNS) -> list[Row]:
    """Break a row where it would leave the image; at least one row is returned."""
    rows: list[Row] = [[]]
    used = 0
    for (character, span), color in row:
        if used + span > columns:
            rows.append([])
            used = 0
        rows[-1].append(((character, span), color))
        used += span
    return rows


def _number(number: int, fonts: FontStack) -> Row:
    return [(cell, _DIM) for cell in cells(f"{number:>6}  ", fonts)]

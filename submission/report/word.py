"""The report as a Word file, by python-docx; the same report gives the same bytes."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import replacing
from core.terminal import visible
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
from submission.report.html import grouped, is_number
from submission.report.markdown import token_lines

if TYPE_CHECKING:
    from docx.document import Document

_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHINESE, _MONO = "微软雅黑", "Consolas"
_WIDTH_CM, _HEIGHT_CM = 16.0, 20.0


def has_docx() -> bool:
    """Tell whether python-docx is installed."""
    return importlib.util.find_spec("docx") is not None


def write_word(report: Report, sha256: str, path: Path, pictures: Mapping[str, Path]) -> None:
    """Write a report as a Word file.

    Args:
        report: what it says.
        sha256: of its figures; stands among the file's properties.
        path: the file.
        pictures: name in the zip -> PNG.
    """
    import docx

    document = docx.Document()
    _style(document)
    properties = document.core_properties
    properties.title, properties.author, properties.keywords = report.title, "", f"figures-sha256:{sha256}"
    properties.created = properties.modified = datetime(*_EPOCH)
    properties.language = "zh-CN" if report.language == "zh" else "en"
    writer = _Writer(document, pictures)
    document.add_heading(report.title, 0)
    for section in report.sections:
        writer.section(section, 1)
    held = io.BytesIO()
    document.save(held)
    with replacing(path) as partial, zipfile.ZipFile(held) as made, zipfile.ZipFile(partial, "w") as out:
        for name in made.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, made.read(name))


def _style(document: Document) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    for section in document.sections:
        section.left_margin = section.right_margin = Cm(2.2)
        section.page_width, section.page_height = Cm(21), Cm(29.7)
    for name in ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3"):
        style: Any = document.styles[name]
        style.font.name = "Calibri"
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _CHINESE)
    normal: Any = document.styles["Normal"]
    normal.font.size = Pt(10.5)


class _Writer:
    """Writes into a document."""

    def __init__(self, document: Document, pictures: Mapping[str, Path]) -> None:
        self._document, self._pictures = document, pictures

    def section(self, section: Section, level: int) -> None:
        self._document.add_heading(section.title, level)
        for block in section.blocks:
            self.block(block)
        for part in section.parts:
            self.section(part, level + 1)

    def block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            self.text(self._document.add_paragraph(), block.text)
        elif isinstance(block, Table):
            self.table(block)
        elif isinstance(block, Verbatim):
            self.code("\n".join(map(visible, block.text.split("\n"))))
        elif isinstance(block, Tokens):
            self.code("\n".join(map(visible, token_lines(block))))
        elif isinstance(block, Picture):
            self.picture(block)
        elif isinstance(block, Words):
            for kind, lines in grouped(block.lines):
                if kind == "code":
                    self.code("\n".join(lines))
                elif kind == "list":
                    for line in lines:
                        self._document.add_paragraph(line, style="List Bullet")
                else:
                    self._document.add_paragraph(" ".join(lines))

    def code(self, text: str) -> None:
        from docx.shared import Pt

        run = self._document.add_paragraph().add_run(text)
        run.font.name, run.font.size = _MONO, Pt(9)

    def picture(self, picture: Picture) -> None:
        from docx.shared import Cm

        made = self._document.add_picture(str(self._pictures[picture.file]), width=Cm(_WIDTH_CM))
        if made.height > Cm(_HEIGHT_CM):
            made.width, made.height = round(made.width * Cm(_HEIGHT_CM) / made.height), Cm(_HEIGHT_CM)
        self._document.add_paragraph(picture.alt, style="Caption")

    def table(self, table: Table) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        head = 1 if any(table.head) else 0
        made = self._document.add_table(rows=head + len(table.rows), cols=len(table.head), style="Light Grid Accent 1")
        # Looking a cell up takes as long as the table is; a row's cells are looked up once.
        rows = [row.cells for row in made.rows]
        if head:
            for cell, name in zip(rows[0], table.head, strict=True):
                cell.text = name
        for cells, row in zip(rows[head:], table.rows, strict=True):
            for cell, item in zip(cells, row, strict=True):
                place = cell.paragraphs[0]
                self.text(place, item.text if isinstance(item, Paragraph) else (item,))
                if _is_right(item):
                    place.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        self._document.add_paragraph()

    def text(self, place: Any, text: tuple[Inline, ...]) -> None:
        for item in text:
            inner = item.part if isinstance(item, Bold) else item
            run = place.add_run(inner.text if isinstance(inner, (Figure, Code, Link)) else str(inner))
            run.bold = True if isinstance(item, Bold) else None
            if isinstance(inner, Code):
                run.font.name = _MONO


def _is_right(cell: Cell) -> bool:
    inner = cell.part if isinstance(cell, Bold) else cell
    return isinstance(inner, Figure) and is_number(inner)

"""The report as PDF, by typst: one wheel that needs no browser and no library of the system, and breaks Chinese lines.

The text is handed over as data, a tree of JSON that a short program of typst's sets: so nothing of a name or an answer
is ever read as its markup. Its fonts are those of the wheel; Chinese comes from a font of this machine or of PyPI
(`fonts.py`), which typst embeds as far as it is used.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import InputError, first_line
from core.files import replacing
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
from submission.report.fonts import chinese_file
from submission.report.html import grouped, is_number, is_page
from submission.report.markdown import target, token_text

_PROGRAM = Path(__file__).with_name("report.typ")


def has_typst() -> bool:
    """Tell whether typst is installed."""
    return importlib.util.find_spec("typst") is not None


def write_pdf(report: Report, sha256: str, path: Path, pictures: Mapping[str, Path]) -> None:
    """Write a report as PDF.

    Args:
        report: what it says.
        sha256: of its figures; stands among the file's properties.
        path: the PDF.
        pictures: name in the zip -> PNG, below the PDF's folder.

    Raises:
        InputError: typst cannot set it.
    """
    import typst

    compile_pdf: Any = typst.compile  # its stubs ask for one type of all paths
    font = chinese_file()
    root = path.parent  # what typst may read: report and pictures of this run
    names = {file: f"/{picture.relative_to(root).as_posix()}" for file, picture in pictures.items()}
    value = {
        "title": report.title,
        "language": report.language,
        "keywords": f"figures-sha256:{sha256}",
        "sections": [_section(section, 1, names) for section in report.sections],
    }
    inputs = {"report": json.dumps(value, ensure_ascii=False)}
    fonts = [str(font.parent)] if font else []
    try:
        # The same report gives the same bytes, whenever it is made.
        made = compile_pdf(
            _PROGRAM.read_bytes(), root=str(root), sys_inputs=inputs, font_paths=fonts, format="pdf", timestamp=0
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{path}: typst cannot set the report ({first_line(error)})") from error
    with replacing(path) as partial:
        partial.write_bytes(made)


def _section(section: Section, level: int, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "title": section.title,
        "level": level,
        "blocks": [item for block in section.blocks for item in _block(block, names)],
        "parts": [_section(part, level + 1, names) for part in section.parts],
    }


def _block(block: Block, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    if isinstance(block, Paragraph):
        yield {"kind": "text", "text": [_inline(item) for item in block.text]}
    elif isinstance(block, Table):
        yield {
            "kind": "table",
            "head": list(block.head) if any(block.head) else [],
            "columns": len(block.head),
            "rows": [[_cell(cell) for cell in row] for row in block.rows],
        }
    elif isinstance(block, Verbatim):
        yield {"kind": "code", "text": block.text}
    elif isinstance(block, Tokens):
        tokens = [{"text": token_text(text), "learned": learned} for text, learned in block.tokens]
        yield {"kind": "tokens", "tokens": tokens, "read": block.read, "learned": block.learned}
    elif isinstance(block, Picture):
        yield {"kind": "picture", "file": names[block.file], "alt": block.alt}
    elif isinstance(block, Words):
        for kind, lines in grouped(block.lines):
            if kind == "text":
                yield {"kind": "text", "text": [{"kind": "plain", "text": " ".join(lines)}]}
            else:
                yield {"kind": kind, "text": "\n".join(lines), "items": lines}


def _cell(cell: Cell) -> dict[str, Any]:
    inner = cell.part if isinstance(cell, Bold) else cell
    right = isinstance(inner, Figure) and is_number(inner)
    text = [_inline(item) for item in (cell.text if isinstance(cell, Paragraph) else (cell,))]
    return {"text": text, "right": right}


def _inline(item: Inline) -> dict[str, str]:
    if isinstance(item, Bold):
        return {"kind": "bold", "text": _plain(item.part)}
    if isinstance(item, Code):
        return {"kind": "code", "text": item.text}
    if isinstance(item, Link) and is_page(item.target):
        return {"kind": "link", "text": item.text, "target": target(item.target)}
    return {"kind": "plain", "text": _plain(item)}


def _plain(item: Inline) -> str:
    return item.text if isinstance(item, (Figure, Code, Link)) else str(item)

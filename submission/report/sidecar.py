"""What a program reads of a report: each figure with all its digits and its place, and the lines that show it.

`report.json` lies beside `report.md`; the same figures stand in `report.html` as a block of JSON, and its hash in the
properties of the Word and PDF files. So no mark is needed in the text that people read.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from core import __version__
from submission.report.content import Report
from submission.report.markdown import Markdown

SCHEMA = 1


def figures_of(report: Report) -> dict[str, Any]:
    """Return place -> value of each figure that a report shows."""
    return {path: figure.value for path, figure in report.figures().items()}


def figures_json(figures: dict[str, Any]) -> str:
    """Return figures as the text whose hash stands in Word and PDF files."""
    return json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def figures_sha256(figures: dict[str, Any]) -> str:
    """Return the hash of a report's figures."""
    return hashlib.sha256(figures_json(figures).encode("utf-8", "surrogateescape")).hexdigest()


def sidecar(report: Report, markdown: Markdown) -> dict[str, Any]:
    """Return what `report.json` holds.

    "figures": place -> value; "lines": of `report.md`, each a list of the texts around its figures, and of the figures'
    places and kinds of rounding.
    """
    figures = figures_of(report)
    return {
        "schema": SCHEMA,
        "kit": __version__,
        "language": report.language,
        "figures_sha256": figures_sha256(figures),
        "figures": figures,
        "lines": [
            {"texts": list(line.texts), "figures": [[item.path, item.kind] for item in line.figures]}
            for line in markdown.lines
        ],
    }

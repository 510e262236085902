"""Figures by their place: `accuracy/checkpoints/step_100/accuracy` is the value under these names in a result file.

Which of them no report may leave out is said here too. Reports of before 0.3 had each figure between two comments of
Markdown, `<!--=ratio/ratio-->0.0126<!--/-->`; those of older zips are found again by `find_figures`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.results import LONGEST_LABEL, RESULTS, file_name
from core.terminal import visible
from submission.package import layout

_BEGIN, _SAYS, _END = "<!--=", "-->", "<!--/-->"
_PLAIN = re.compile(r"[\w .,:/+@%()-]*")
_MISSING = object()
# Characters of a value that a report shows; of a longer one it says how long it is, for the file itself is in the zip.
LONGEST = 1000


def show(value: Any) -> str:
    """Return a value as Markdown text fit for a table cell; numbers with every digit (repr).

    Text with characters that Markdown would interpret becomes inline code, and what cannot be seen in it its escape; a
    list is shown item by item.
    """
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(show(item) for item in value)
    if isinstance(value, dict):
        return show(", ".join(f"{key}: {item}" for key, item in value.items()))
    text = repr(value) if isinstance(value, (int, float)) else visible(str(value))
    return text if _PLAIN.fullmatch(text) else code(text)


def code(text: str) -> str:
    """Return a line of text as inline code of Markdown, fit for a table cell."""
    text = text.replace("<!--", "<!- -").replace("|", "\\|")
    fence = "`" * (1 + max((len(run[0]) for run in re.finditer("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def is_longer(value: Any, length: int) -> bool:
    """Tell whether `show` would return more than so many characters at the least; that takes as many steps at most."""
    left, todo = length, [value]
    while todo:
        part = todo.pop()
        if isinstance(part, (list, tuple, dict)) and len(part) > left:
            return True
        if isinstance(part, dict):
            left -= sum(len(name) for name in part if isinstance(name, str))
            todo += part.values()
        elif isinstance(part, (list, tuple)):
            todo += part
        else:
            left -= max(len(part), 1) if isinstance(part, str) else 1
        if left < 0:
            return True
    return False


def resolve(sources: Mapping[str, Any], path: str) -> Any:
    """Return the value under a path such as `score/checkpoints/step_100/score`.

    Raises:
        KeyError: there is nothing under that path.
    """
    value: Any = sources
    for name in path.split("/"):
        value = value.get(name, _MISSING) if isinstance(value, Mapping) else _MISSING
        if value is _MISSING:
            raise KeyError(path)
    return value


def find_figures(report: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of each marked figure of a report."""
    at = report.find(_BEGIN)
    while at >= 0:
        # One walk from left to right. All marks before a ">" that ends none have that same ">" and are none either.
        says = report.find(">", at)
        if says >= 0 and report[says - 2 : says + 1] != _SAYS:
            at = report.find(_BEGIN, says)
            continue
        ends = report.find(_END, says) if says >= 0 else -1
        if ends < 0:
            return
        yield report[at + len(_BEGIN) : says + 1 - len(_SAYS)], report[says + 1 : ends]
        at = report.find(_BEGIN, ends)


def leaves(value: Any, path: str) -> Iterator[str]:
    """Yield the paths below `path` of all values that are no mapping; names that a mark cannot hold are left out."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(name, str) and not set(name) & set("/<>|\n"):
                yield from leaves(item, f"{path}/{name}")
    else:
        yield path


def required_figures(sources: Mapping[str, Any]) -> list[str]:
    """Return the paths of the figures that no report may leave out, as far as the sources have them."""
    wanted = {name: kind.type.figures for name, kind in RESULTS.items()} | {"weights": _OF_WEIGHTS}
    paths = [path for name, figures in wanted.items() for path in expanded(sources.get(name), name, figures)]
    return [path for path in paths if _has(sources, path)]


def file_of(path: str) -> str:
    """Return the file of the zip in which a figure stands."""
    source = path.partition("/")[0]
    return _FILES.get(source, file_name(source))


_FILES = {
    "run": layout.RUN_CONFIG,
    "environment": layout.ENVIRONMENT,
    "audit": layout.AUDIT,
    "weights": layout.MANIFEST,
}
_OF_WEIGHTS = ("checkpoints/*/bytes", "checkpoints/*/sha256")


def weights_source(files: Mapping[str, tuple[str, Any, Any]]) -> dict[str, Any]:
    """Return the source `weights` from checkpoint name -> (file name, bytes, sha256)."""
    rows = {name: {"file": file, "bytes": size, "sha256": sha256} for name, (file, size, sha256) in files.items()}
    return {"checkpoints": rows}


def expanded(result: Any, name: str, figures: Iterable[str]) -> list[str]:
    """Return the paths of a result's figures, with each checkpoint that it has in the place of `*`."""
    rows = result.get("checkpoints") if isinstance(result, Mapping) else None
    labels = (
        [row for row in rows if isinstance(row, str) and len(row) <= LONGEST_LABEL] if isinstance(rows, Mapping) else []
    )
    return [f"{name}/{path.replace('*', label)}" for path in figures for label in (labels if "*" in path else [""])]


def _has(sources: Mapping[str, Any], path: str) -> bool:
    try:
        return resolve(sources, path) is not None
    except KeyError:
        return False

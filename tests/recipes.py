"""The recipes of docs/extending.md: their files, their commands and what these print. The page is the one source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from core.places import ROOT

PAGE = ROOT / "docs" / "extending.md"
# A line **`core/methods/mine.py`**, words about where in that file, then the fenced text; or commands, or their output.
_PART = re.compile(
    r"^(?:\*\*`(?P<path>[\w/.]+)`\*\*(?P<where>[^\n]*)\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Recipe:
    """How one kind of thing is added.

    Attributes:
        files: path -> whole content of each new file.
        entries: path -> what is added to a file that is there.
        trials: commands, and the lines that they print.
    """

    files: dict[str, str] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    trials: list[tuple[str, list[str]]] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write the new files below a folder; return it."""
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return folder


@cache
def recipes() -> dict[str, Recipe]:
    """Return what is added, as the table of docs/design.md calls it -> its recipe."""
    found: dict[str, Recipe] = {}
    for section in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        found[title[0].lower() + title[1:]] = _recipe(body)
    return found


def _recipe(body: str) -> Recipe:
    made = Recipe()
    for part in _PART.finditer(body):
        if path := part["path"]:
            (made.entries if part["where"] else made.files)[path] = part["text"]
        elif part["kind"] == "bash":
            made.trials.append((part["text"], []))
        else:
            made.trials[-1][1].extend(part["text"].splitlines())
    return made


def prints(output: str, lines: list[str]) -> None:
    """Look for the page's lines in an output, in their order; … stands for anything, and blanks for blanks."""
    wanted = [r"\s+".join(map(re.escape, line.split())).replace("…", ".*") for line in lines]
    assert re.search(r"[^\n]*\n(?:.*\n)*?[^\n]*?".join(wanted), output), f"{lines} not in:\n{output}"

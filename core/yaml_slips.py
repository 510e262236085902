"""What people get wrong in YAML, said with line and column, and what to do about it."""

from __future__ import annotations

import re

import yaml
from yaml.reader import ReaderError

_WIDE = {
    "：": ":",
    "，": ",",
    "｛": "{",
    "｝": "}",
    "［": "[",
    "］": "]",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "\u3000": " ",
}
_NO_BLANK = re.compile(r"^\s*(?:- )?(?P<key>[\w.-]+):(?!//)(?=[^\s])")
_CLOSING = {"{": "}", "[": "]"}


class Slip(yaml.MarkedYAMLError):
    """Something that is YAML, and that nobody means."""

    def __init__(self, problem: str, mark: yaml.Mark) -> None:
        super().__init__(problem=problem, problem_mark=mark)
        self.problem: str = problem


def said_of(error: Exception, text: str) -> str:
    """Say in one clause what is wrong with a YAML text, where, and how to mend it.

    Args:
        error: what reading it raised.
        text: the YAML.
    """
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, ReaderError) and isinstance(error.character, int):
        before = text[: error.position]
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        return _at(line, column, f"the character U+{error.character:04X} has no place in a text file; delete it")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return " ".join(str(error).split())[:200]
    if isinstance(error, Slip):
        return _at(mark.line, mark.column, error.problem)
    return _marked(error, mark, text.splitlines())


def _at(line: int, column: int, what: str) -> str:
    return f"line {line + 1}, column {column + 1}: {what}"


def _marked(error: yaml.MarkedYAMLError, mark: yaml.Mark, lines: list[str]) -> str:
    """Say what is wrong where a mark stands, most certain causes first."""
    context, problem = error.context or "", error.problem or ""
    opened = error.context_mark or mark
    near = range(max(0, min(opened.line, mark.line) - 1), min(mark.line + 1, len(lines)))
    for number in near:
        indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        if "\t" in indent:
            return _at(number, indent.index("\t"), f"line {number + 1} begins with a tab; YAML indents with blanks")
    if "quoted scalar" in context and "expected" not in context and "unknown escape" not in problem:
        return _at(opened.line, opened.column, "a quotation mark opens here, and none closes it")
    if "escape" in problem:
        return _at(
            mark.line, mark.column, f"{problem}; within double quotes write \\\\ for a backslash, or use single quotes"
        )
    for number in near:
        if found := _wide(lines[number]):
            column, sign = found
            return _at(number, column, f"a full-width {_named(sign)} ({sign}); write {_WIDE[sign]!r}{_and_blank(sign)}")
    for number in near:
        if joined := _NO_BLANK.match(lines[number]):
            return _at(number, joined.end("key"), f"a blank must follow the colon behind {joined['key']!r}")
    return _other(problem, context, mark, opened, lines)


def _other(problem: str, context: str, mark: yaml.Mark, opened: yaml.Mark, lines: list[str]) -> str:
    """Say what is wrong where no slip of one character explains it."""
    if "could not find expected ':'" in problem:
        written = lines[opened.line].strip() if opened.line < len(lines) else ""
        return _at(opened.line, opened.column, f"no colon stands behind {written[:40]!r}; a line is `key: value`")
    if "mapping values are not allowed" in problem:
        return _at(
            mark.line, mark.column, "a second colon in one value: put the value in quotes, or check the indentation"
        )
    if "flow" in context:
        sign = lines[opened.line][opened.column : opened.column + 1] if opened.line < len(lines) else ""
        if sign in _CLOSING:
            return _at(
                opened.line, opened.column, f"{sign!r} opens here, and what follows lacks {_CLOSING[sign]!r} or a comma"
            )
    if "expected <block end>" in problem or "<document start>" in problem:
        return _at(mark.line, mark.column, "indented otherwise than the lines it belongs to")
    if "expected a single document" in context:
        return _at(mark.line, mark.column, "a second document begins (---); a file holds one")
    if "cannot start any token" in problem:
        sign = lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
        return _at(mark.line, mark.column, f"a value cannot begin with {sign!r}; put it in quotes")
    return _at(mark.line, mark.column, " ".join(f"{context} {problem}".split())[:160])


def _wide(line: str) -> tuple[int, str] | None:
    """Return column and sign of the first sign of Chinese width that stands where YAML has a narrow one."""
    plain = re.sub(r"\"[^\"]*\"|'[^']*'|(?:^|\s)#.*", lambda found: " " * len(found[0]), line)
    found = re.search(f"[{''.join(_WIDE)}]", plain)
    return (found.start(), found[0]) if found else None


def _named(sign: str) -> str:
    names = {"：": "colon", "，": "comma", "\u3000": "blank"}
    return names.get(sign, "quotation mark" if _WIDE[sign] in "\"'" else "bracket")


def _and_blank(sign: str) -> str:
    return " with a blank behind it" if sign in "：，" else ""

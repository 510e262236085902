"""What goes to a terminal, and to files that are looked at on one: control characters are shown, never obeyed.

A name in a zip, a question's id, what a server says: all of it may hold sequences that clear the screen, turn the
direction of writing round, or begin a line that looks like the kit's own. Everything that a command prints therefore
goes through this module, and nothing else prints (`tests/attacks/test_terminal.py` looks). Secrets are blanked too.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import traceback
from collections.abc import Iterable
from typing import IO, Any, NoReturn

from core.secrets import blanked
from core.streams import ESCAPED

# Letters and marks that no font draws, first and last of each row: with them a name looks like another one, or holds
# what nobody sees.
_UNSEEN = (
    *((0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0x16FE4, 0x16FE4), (0x1D159, 0x1D159), (0xE0100, 0xE01EF)),
)
_UNSEEN_LETTERS = frozenset(chr(code) for first, last in _UNSEEN for code in range(first, last + 1))
# Control characters (C0, DEL, C1), soft hyphen, zero-width and direction marks, line and paragraph separators, lone
# surrogates, private and non-characters, tags.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f\U000f0000-\U0010ffff"
    + "".join(f"{chr(first)}-{chr(last)}" for first, last in _UNSEEN)
    + "]"
)
# Marks that stand above or below a letter: no language puts more than four on one, and a pile covers other lines.
_MARK = (
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u06d6-\u06dc\u0711-\u074a\u07eb-\u07f3\u0816-\u082d"
    "\u08ca-\u0902\u093c\u0941-\u094d\u09bc\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd\u0f18-\u0f39\u0f71-\u0f84"
    "\u135d-\u135f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ua66f-\ua67d\ufe20-\ufe2f]"
)
_PILE = re.compile(f"(?<={_MARK * 4}){_MARK}")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""Return one line of text in which every character that cannot be seen is written as its escape.

    `"a\x1b[2Jb"` becomes `a\x1b[2Jb`, letter by letter; a line break becomes `\n`. Chinese, emoji, accents and blanks
    stay as they are.
    """
    if _is_seen(text):
        return text
    text = _PILE.sub(lambda match: _escape(match[0]), text)
    return _INVISIBLE.sub(lambda match: _escape(match[0]), text)


def _is_seen(text: str) -> bool:
    """Tell quickly that a text has nothing invisible; most texts have not."""
    return text.isprintable() and (text.isascii() or (_UNSEEN_LETTERS.isdisjoint(text) and not _PILE.search(text)))


def _escape(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible_json(text: str) -> str:
    r"""Return a JSON text that says the same, with what cannot be seen in its strings as `\uXXXX`.

    Line breaks and tabs of the layout stay: inside a string JSON has them escaped already.
    """
    if _is_seen(text):
        return text
    text = _PILE.sub(lambda match: _json_escape(match[0]), text)
    return _INVISIBLE.sub(lambda match: match[0] if match[0] in "\n\t" else _json_escape(match[0]), text)


def _json_escape(character: str) -> str:
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def show(*lines: object, file: IO[str] | None = None) -> None:
    """Print lines to standard output (or `file`), each as `visible` shows it; without any, an empty line."""
    _write("".join(f"{visible(blanked(str(line)))}\n" for line in lines or ("",)), file or sys.stdout)


def laid_out(lines: Iterable[str]) -> str:
    """Return lines as one text for `show_text`; a line break inside one of them, which is not the kit's, is escaped."""
    return "\n".join(map(visible, lines))


def show_text(text: str, file: IO[str] | None = None) -> None:
    """Print a text that the kit laid out in lines; what came from outside must not begin lines in it (`laid_out`)."""
    show(*text.split("\n"), file=file)


def show_colored(line: str) -> None:
    """Print a line with the kit's own colour codes in it; the caller has made its texts `visible`."""
    _write(f"{blanked(line)}\n", sys.stdout)


def show_json(value: Any, indent: int | None = None) -> None:
    """Print a value as JSON on standard output; NaN and infinity are refused (ValueError)."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    _write(f"{visible_json(blanked(text))}\n", sys.stdout)


def show_error(message: str) -> None:
    """Print what is wrong to standard error; further lines are indented, so that none looks like the kit's own."""
    first, *others = f"error: {message}".split("\n")
    show(first, *(f"  {line}" for line in others), file=sys.stderr)


def show_traceback() -> None:
    """Print the exception that is being handled to standard error, indented, for --debug."""
    show(*(f"  {line}" for line in traceback.format_exc().rstrip("\n").split("\n")), file=sys.stderr)


def _write(text: str, stream: IO[str]) -> None:
    # A terminal that cannot write Chinese shows the characters' numbers.
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, ESCAPED).decode(encoding))
    stream.flush()


class Parser(argparse.ArgumentParser):
    """An argument parser whose messages repeat what was typed, or what a shell put in for `*`, visibly."""

    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong with the arguments, and leave with exit code 2."""
        super().error(visible(message))

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            _write("\n".join(visible(blanked(line)) for line in message.split("\n")), file or sys.stderr)

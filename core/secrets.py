"""Secrets: which texts are some, and how they are blanked wherever the kit writes.

What is blanked: the values of the environment's variables whose names say that they are secret, keys that a command
was given (`keep_secret`), and what looks like a secret (`core.secret_shapes`).
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape
from urllib.parse import quote, quote_plus, unquote

from core.secret_shapes import BLANK as BLANK
from core.secret_shapes import NO_KEYS, without_looks

_NAME = re.compile(
    r"(?i)(?:key|token|secret|password|passwd|passphrase|credential)s?(?:_?\d+)?$|(?:^|_)(?:pass|pwd|pat|auth)(?:_?\d+)?$"
)
# A variable's value of fewer characters is no secret, and would blank words of everything that is written.
_SHORTEST_VALUE = 8
_SHORTEST_KEY = 4
_SHORTEST_CODED = 8  # bytes; of fewer, base64 and hexadecimal digits could be a part of anything
_SHORTEST_LINE = 16  # of a key of several lines
_MARKS = ("\\", "%", "&", "\n")  # one of which stands in any text with an escaped or broken secret
_PASSWORD = re.compile(r"://[^\s/?#@]*?:([^\s/?#@]+)@")
_given: set[str] = set()
_looked_at: tuple[dict[object, object], frozenset[str]] | None = None


def keep_secret(value: str) -> None:
    """Blank a key, which a command was given, in everything that is written from now on."""
    if len(value) >= _SHORTEST_KEY and value.casefold() not in NO_KEYS:
        _given.add(value)


def is_secret_name(name: str) -> bool:
    """Tell whether a variable's or a header's name says that its value is a secret."""
    return bool(_NAME.search(name))


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without secrets, for processes that need none: what they log is not the kit's."""
    return {name: value for name, value in environment.items() if not (is_secret_name(name) and _is_value(value))}


def without_known_secrets(text: str) -> str:
    """Return a text with `***` in the place of the keys and passwords that this process knows."""
    values = _known()
    known = _pattern(values)
    if known is None:
        return text
    text = known.sub(BLANK, text)
    escaped = _escaped(values) if any(mark in text for mark in _MARKS) else None
    return text if escaped is None else escaped.sub(BLANK, text)


def blanked(text: str) -> str:
    """Return a text with `***` in the place of each secret in it, known ones and those that look like one."""
    return without_looks(without_known_secrets(text))


def _known() -> frozenset[str]:
    """Return what is secret now; the environment is looked through anew only where it has changed."""
    global _looked_at
    # Reading the environment takes a hundred times as long as comparing it, and this is called for every line.
    there = getattr(os.environ, "_data", None)
    if there is None or _looked_at is None or _looked_at[0] != there:
        found = frozenset(secret for name, value in os.environ.items() for secret in _secrets_of(name, value))
        _looked_at = (dict(there or {}), found)
    return _looked_at[1] | _given


def _secrets_of(name: str, value: str) -> Iterator[str]:
    """Yield what is secret in a variable: its value, or the password of an address such as a proxy's."""
    if is_secret_name(name) and _is_value(value):
        yield value
    for password in _PASSWORD.findall(value):
        yield from (word for word in (password, unquote(password)) if _is_value(word))


def _is_value(value: str) -> bool:
    """Tell whether a variable's value may be a secret; the path of a file with one is none, nor is "disabled"."""
    return len(value) >= _SHORTEST_VALUE and not value.startswith(("/", "~", ".")) and value.casefold() not in NO_KEYS


@lru_cache(maxsize=8)
def _pattern(values: frozenset[str]) -> re.Pattern[str] | None:
    """Return what finds the values in a text, as they are or as JSON, Python or an address writes them."""
    spellings = {spelling for value in values for spelling in _spellings(value)}
    if not spellings:
        return None
    return re.compile("|".join(_bounded(word) for word in sorted(spellings, key=lambda word: (-len(word), word))))


def _spellings(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield ascii(value)[1:-1]
    if value.isprintable():
        yield from (quote(value, safe=""), quote_plus(value), b64encode(value.encode()).decode())
    raw = value.encode("utf-8", "surrogateescape")
    if len(raw) >= _SHORTEST_CODED:
        yield from (raw.hex(), raw.hex().upper(), *_within_base64(raw))
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= _SHORTEST_LINE)


def _within_base64(raw: bytes) -> Iterator[str]:
    """Yield how a value is written in base64 with something before it, as in "user:password": three ways, twice."""
    for before in range(3):
        whole = b64encode(bytes(before) + raw + bytes(2)).decode()
        certain = whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield from (certain, certain.replace("+", "-").replace("/", "_"))


@lru_cache(maxsize=8)
def _escaped(values: frozenset[str]) -> re.Pattern[str] | None:
    r"""Return what finds the values with any of their characters escaped, or broken into lines.

    Of JSON, HTML and addresses each encoder chooses by itself which characters it escapes: `/` as `\/`, `+` as
    `\u002B`, `&` as `&amp;`, `=` as `%3D`.
    """
    words = sorted((value for value in values if len(value) >= _SHORTEST_VALUE), key=lambda word: (-len(word), word))
    patterns = [r"(?:\s|\\[nr]){0,40}".join(map(_any_spelling, word)) for word in words if word.isprintable()]
    return re.compile("|".join(patterns)) if patterns else None


def _any_spelling(character: str) -> str:
    code = ord(character)
    named = escape(character)
    ways = [re.escape(character), re.escape(f"\\{character}"), *([re.escape(named)] if named != character else ())]
    ways += [rf"&#0{{0,6}}{code};", rf"(?i:&#x0{{0,6}}{code:x};)", rf"(?i:\\{{1,4}}u{code:04x})"]
    ways += ["".join(rf"(?i:%(?:25){{0,3}}{byte:02x})" for byte in character.encode("utf-8", "surrogateescape"))]
    return f"(?:{'|'.join(ways)})"


def _bounded(word: str) -> str:
    """Return a pattern for a word; a short one counts only where it is not a part of another."""
    if len(word) >= _SHORTEST_VALUE:
        return re.escape(word)
    return rf"(?<!\w){re.escape(word)}(?!\w)"

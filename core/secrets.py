"""Secrets: which texts are some, and how they are blanked wherever the kit writes.

What is blanked: the values of the environment's variables whose names say that they are secret, keys that a command
was given (`keep_secret`), user and password in addresses, keys in their queries, bearer tokens, and words of the shapes
that known services give their keys.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus

BLANK = "***"
_NAME = re.compile(r"(?i)(key|token|secret|password|passwd|passphrase|credential)s?$")
# A variable's value of fewer characters is no secret, and would blank words of everything that is written.
_SHORTEST_VALUE = 8
_SHORTEST_KEY = 4
# What stands for a key where a server wants none.
_NO_KEYS = {"empty", "none", "null", "dummy", "test", "true", "false", "unused", "disabled", "required", "optional"}
# What is blanked once stays as it is: a text is blanked where it is made, and again where it is written.
_ADDRESS = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*:/{2,})[^\s/?#'\"<>@]+(?:@[^\s/?#'\"<>@]+)*@")
_QUERY = re.compile(
    r"(?i)([?&;](?:[\w.-]*[_.-])?(?:api_?-?key|key|token|secret|passw(?:or)?d|pwd|auth|sig|signature)=)"
    r"(?!\*\*\*)[^&\s#'\"<>;`]+"
)
# A digit in it tells a token from the next word of a sentence.
_HEADER = re.compile(
    r"(?i)\b(bearer\s+|authorization['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic|digest|token)\s+)?)"
    r"(?=[\w.~+/=-]*\d)[\w.~+/=-]{4,}"
)
_ASSIGNED = re.compile(
    r"\b([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|PASSPHRASE)\s*=\s*)"
    r"(['\"]?)(?!\*\*\*)[^\s'\"`]{4,}\2"
)
_SHAPES = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bhf_[A-Za-z0-9]{16,}|\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{16,}"
    r"|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}|\bAKIA[A-Z0-9]{16}\b|\bAIza[\w-]{30,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
)
_PREFIXES = ("sk", "pk", "rk", "hf_", "gh", "glpat-", "xox", "AKIA", "AIza", "eyJ")
_given: set[str] = set()
_looked_at: tuple[dict[object, object], frozenset[str]] | None = None


def keep_secret(value: str) -> None:
    """Blank a key, which a command was given, in everything that is written from now on."""
    if len(value) >= _SHORTEST_KEY and value.casefold() not in _NO_KEYS:
        _given.add(value)


def is_secret_name(name: str) -> bool:
    """Tell whether a variable's or a header's name says that its value is a secret."""
    return bool(_NAME.search(name))


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without secrets, for processes that need none: what they log is not the kit's."""
    return {name: value for name, value in environment.items() if not (is_secret_name(name) and _is_value(value))}


def without_known_secrets(text: str) -> str:
    """Return a text with `***` in the place of the keys and passwords that this process knows."""
    known = _pattern(_known())
    return text if known is None else known.sub(BLANK, text)


def blanked(text: str) -> str:
    """Return a text with `***` in the place of each secret in it, known ones and those that look like one."""
    text = without_known_secrets(text)
    # The patterns are slow, and most texts have nothing of what they all need.
    if "://" in text:
        text = _ADDRESS.sub(rf"\1{BLANK}@", text)
    if "=" in text:
        text = _QUERY.sub(rf"\1{BLANK}", text)
        text = _ASSIGNED.sub(rf"\1{BLANK}", text)
    lower = text.lower()
    if "bearer" in lower or "authorization" in lower:
        text = _HEADER.sub(rf"\1{BLANK}", text)
    return _SHAPES.sub(BLANK, text) if any(prefix in text for prefix in _PREFIXES) else text


def _known() -> frozenset[str]:
    """Return what is secret now; the environment is looked through anew only where it has changed."""
    global _looked_at
    # Reading the environment takes a hundred times as long as comparing it, and this is called for every line.
    there = getattr(os.environ, "_data", None)
    if there is None or _looked_at is None or _looked_at[0] != there:
        found = frozenset(value for name, value in os.environ.items() if is_secret_name(name) and _is_value(value))
        _looked_at = (dict(there or {}), found)
    return _looked_at[1] | _given


def _is_value(value: str) -> bool:
    """Tell whether a variable's value may be a secret; the path of a file with one is none, nor is "disabled"."""
    return len(value) >= _SHORTEST_VALUE and not value.startswith(("/", "~", ".")) and value.casefold() not in _NO_KEYS


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


def _bounded(word: str) -> str:
    """Return a pattern for a word; a short one counts only where it is not a part of another."""
    if len(word) >= _SHORTEST_VALUE:
        return re.escape(word)
    return rf"(?<!\w){re.escape(word)}(?!\w)"

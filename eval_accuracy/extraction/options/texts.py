"""Options named by their own texts, marked as their letters are: the same clauses are understood of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from eval_accuracy.extraction.options import words
from eval_accuracy.extraction.options.lists import joined
from eval_accuracy.extraction.options.marks import BASE, T
from eval_accuracy.extraction.options.markup import bare, tidy

# "The two" -> "The "
_ARTICLE = re.compile(r"\A(?i:the|a|an)\s+")
# "is the " -> "the "
_ARTICLE_BEFORE = re.compile(r"(?<![A-Za-z])(?i:the|a|an)\s+\Z")
# What may follow an option's text that is named, not used.
# " because x" -> " because"
# "才对" -> "才"
_AFTER = re.compile(
    r"\s*(?:\Z|[,;:!?)\]}\"”'’|，。；：！？、】》」』…—–\n]|\.(?!\w)|-\s)"
    rf"|\s*(?:{words.any_of(words.AFTER_ZH)}|这)"
    rf"|\s+(?:-\s|[(](?i:not|rather)\b|(?i:{words.any_of(words.AFTER_EN)})(?![A-Za-z]))"
)
# "“\ue002”" -> ("\ue002",)
_IN_QUOTES = re.compile(f"[(\\[【「『{{<\"'“‘《]\\s?({T})\\s?[)\\]】」』}}>\"'”’》»]")
# What joins a text with what stands before it.
# "x-" -> "-"
_CLINGS = re.compile(r"[A-Za-z0-9_.+*/^%$\\-]\Z")
_ENDS = " \t\n.。,，;；:：!！'\"“”‘’`$"
_LONGEST, _LONGEST_OPTION = 4_000, 2_000


def with_texts(text: str, options: Mapping[str, str]) -> str:
    """Return a text with its options' own texts marked; "" where there are none.

    A text that two options share, or that goes on (`8` in `8.5`, `iron` in `iron works`), is not marked.

    Args:
        text: the model's own text.
        options: the options' texts by letter.
    """
    texts = _texts(tuple(options.items()))
    text = bare(text)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n{text[-_LONGEST // 2 :]}"
    out: list[str] = []
    at = 0
    for start, end, letter in _places(text.lower(), texts):
        if start < at or (text[start].isascii() and _CLINGS.search(text, max(0, start - 1), start)):
            continue
        if not _AFTER.match(text, end):
            continue
        out.append(_ARTICLE_BEFORE.sub("", text[at:start]))
        out.append(chr(BASE + (1 << (ord(letter) - ord("A")))))
        at = end
    if not out:
        return ""
    marked = "".join([*out, text[at:]])
    return joined(_IN_QUOTES.sub(r"\1", marked))


@lru_cache(maxsize=64)
def _texts(options: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the letter of each text, without articles, in lower case; of texts that are one option's alone."""
    found: dict[str, str] = {}
    for letter, own in options:
        key = _ARTICLE.sub("", tidy(bare(own)).strip(_ENDS), count=1).lower()
        found[key] = "" if key in found else letter
    return {
        key: letter
        for key, letter in found.items()
        if letter and key and len(key) < _LONGEST_OPTION and not (len(key) == 1 and key.isalpha() and key.isascii())
    }


def _places(text: str, texts: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Return where the texts stand, start, end and letter, of those that start together the longest first."""
    found: list[tuple[int, int, str]] = []
    for key, letter in texts.items():
        at = text.find(key)
        while at >= 0:
            found.append((at, at + len(key), letter))
            at = text.find(key, at + len(key))
    return sorted(found, key=lambda place: (place[0], -place[1]))

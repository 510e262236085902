"""One writing for texts that say the same, and 128-bit fingerprints of texts."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

FINGERPRINT_BYTES = 16

CJK = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003fffd"
# A whole number as one word: 1,000.5, but not the "1,2" of a list.
NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
# NFKC would turn 5² into 52, 2½ into 21⁄2 and ①② into 12: a sign of what they were is put before them.
_MARKS = {"<super>": "^", "<sub>": "_", "<fraction>": " ", "<circle>": "#"}
_MARKED = re.compile("[ªº²³¹¼-¾ʰ-ʸˠ-ˤᴬ-ᵪ⁰-₟⅐-⅟↉①-⓿㉄-㊿]")
# What NFKC leaves apart though it is the same punctuation; \u200b and its like have no width, \xad is a soft hyphen.
_SAME = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    **dict.fromkeys("\u2018\u2019\u201b\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201f\u2033", '"'),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\xad", ""),
    "×": "*",
    "÷": "/",
    "。": ".",
    "、": ",",
    "【": "[",
    "】": "]",
}
_DIFFERENT = re.compile("[" + re.escape("".join(_SAME)) + "]")
# Texts of these characters need no second round; in some scripts case folding undoes NFKC, and the reverse.
_SETTLED = re.compile("[\0-\x7f\u4e00-\u9fff\u3000-\u3002\uff01-\uff5e]*")
_BLANK_BESIDE_CJK = re.compile(rf" (?=[{CJK}])|(?<=[{CJK}]) ")
_END = " ?,;:"


def normalise(text: str) -> str:
    """Return the one writing of texts that differ only in how they are typed.

    Full-width and compatibility characters become plain (NFKC), letters lose their case, the kinds of dash, quotation
    mark, times, division and full stop become one each, characters without width go. A run of white space becomes one
    blank, none at the ends nor beside a Chinese, Japanese or Korean character. Punctuation at the end goes: ? , ; : and
    a full stop; not "!", which may be a factorial, nor the dots of "0.333...".

    Numbers keep their meaning: 5, 5.0, -5 and 5² all differ. So do texts that differ in a letter or in other
    punctuation. Applied twice it changes nothing more.
    """
    if text.isascii():
        return _trimmed(text.lower())
    plain = _folded(text)
    if not _SETTLED.fullmatch(text):
        while (again := _folded(plain)) != plain:
            plain = again
    return plain


def fingerprint(text: str) -> bytes:
    """Return the 16-byte BLAKE2b hash of a text's UTF-8 form, as it stands."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=FINGERPRINT_BYTES).digest()


def as_pairs(fingerprints: bytes | bytearray) -> NDArray[np.uint64]:
    """Return fingerprints joined end to end as a column: uint64 (n, 2), the same on every machine."""
    return np.frombuffer(fingerprints, dtype="<u8").astype(np.uint64, copy=False).reshape(-1, 2)


def _folded(text: str) -> str:
    if _MARKED.search(text):
        text = "".join(map(_marked, text))
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _DIFFERENT.sub(lambda match: _SAME[match[0]], text)
    return _BLANK_BESIDE_CJK.sub("", _trimmed(text))


def _marked(character: str) -> str:
    kind, _, _ = unicodedata.decomposition(character).partition(" ")
    return _MARKS.get(kind, "") + character


def _trimmed(text: str) -> str:
    text = " ".join(text.split())
    end = text.rstrip(_END)
    while end.endswith(".") and not end.endswith(".."):
        end = end[:-1].rstrip(_END)
    return end or text

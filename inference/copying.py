"""Answers that copy a text and put marks `{text|TYPE}` into it: which tokens may come next, whatever the tokenizer.

What may be written is a path of bytes: the next byte of the text, or a mark's sign where one may stand. Tokens are
paths of bytes too, kept in a tree, so those that fit are found by walking both at once. An example: the text 王來, of
which 王 (e7 8e 8b) is written behind a `{`.

    may come      |      as the mark holds one character already: |PER}, |OFI}, |BOOK} or any token that begins these
                  來     as the mark may go on; also a token 來|P, or e4 alone, the first byte of 來
    may not       。王   not the text;   {   marks do not nest;   end   the text is not finished, the mark is open
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from core.tasks.ner import TYPES
from core.text.tokenizers import Tokenizer
from inference.sampling import end_tokens

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_OUTSIDE, _OPENED, _INSIDE = 0, 1, 2
_SIGNS = frozenset(b"{|}")


class _Node:
    """A place in the tree of tokens: the tokens that end here, and where each further byte leads."""

    __slots__ = ("further", "tokens")

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.further: dict[int, _Node] = {}


class _State(NamedTuple):
    """How far an answer is: bytes of the text that are written, whether a mark is open, bytes of its `|TYPE}`."""

    place: int = 0
    mark: int = _OUTSIDE
    closing: bytes = b""


class MarkedCopies:
    """Knows the bytes of a tokenizer's tokens; makes a `Cursor` for each text that is copied.

    Args:
        tokenizer: of the model.
        types: that a mark may have.
    """

    def __init__(self, tokenizer: Tokenizer, types: Sequence[str] = TYPES) -> None:
        self.closings = [f"|{kind}}}".encode() for kind in types]
        self.ends = end_tokens(tokenizer)
        special = {*tokenizer.controls.values(), tokenizer.bos_id, *self.ends}
        self.bytes_of: dict[int, bytes] = {}
        self.root = _Node()
        for token in range(tokenizer.vocab_size):
            piece = "" if token in special else tokenizer.piece(token)
            if piece and piece != "<unk>":
                self.bytes_of[token] = _as_bytes(piece)
                self._add(token, self.bytes_of[token])
        first = tokenizer.encode("王")[:1]
        # Sentencepiece begins each text with a blank of its own, which decoding takes away.
        self.begins_blank = bool(first) and self.bytes_of.get(first[0], b"").startswith(b" ")

    def _add(self, token: int, path: bytes) -> None:
        node = self.root
        for byte in path:
            node = node.further.setdefault(byte, _Node())
        node.tokens.append(token)

    def cursor(self, text: str) -> Cursor | None:
        """Return where the copy of a text begins; None for a text with a `{`, which no marked text can hold."""
        return None if "{" in text else Cursor(self, text)


class Cursor:
    """The copy of one text, token by token."""

    def __init__(self, copies: MarkedCopies, text: str) -> None:
        self._copies = copies
        self._text = text.encode("utf-8", "replace")
        self._state = _State()
        self._is_new = True

    def allowed(self) -> list[int]:
        """Return the tokens that may come next; those that end an answer where it is complete, or nothing else can."""
        found: list[int] = []
        self._walk(self._copies.root, self._state, found)
        if self._is_new and self._copies.begins_blank and (blank := self._copies.root.further.get(ord(" "))):
            found += blank.tokens
            self._walk(blank, self._state, found)
        if self._is_complete or not found:
            found += self._copies.ends
        return found

    def take(self, token: int) -> None:
        """Go on behind a token that was allowed."""
        path = self._copies.bytes_of.get(token, b"")
        state = self._after(self._state, path)
        if state is None and self._is_new and path.startswith(b" "):
            state = self._after(self._state, path[1:])
        self._state, self._is_new = state or self._state, False

    @property
    def _is_complete(self) -> bool:
        return self._state == _State(len(self._text))

    def _walk(self, node: _Node, state: _State, found: list[int]) -> None:
        for byte, after in self._steps(state):
            if further := node.further.get(byte):
                found += further.tokens
                self._walk(further, after, found)

    def _after(self, state: _State, path: bytes) -> _State | None:
        for byte in path:
            after = next((after for known, after in self._steps(state) if known == byte), None)
            if after is None:
                return None
            state = after
        return state

    def _steps(self, state: _State) -> Iterator[tuple[int, _State]]:
        """Yield the bytes that may come next, each once, and what comes of them."""
        place, mark, closing = state
        if closing:
            known = {one[len(closing)]: one for one in self._copies.closings if one.startswith(closing)}
            for byte, one in known.items():
                whole = one[: len(closing) + 1] == one
                yield byte, _State(place) if whole else _State(place, mark, one[: len(closing) + 1])
            return
        text = self._text
        ended = place == len(text)
        is_sign = not ended and text[place] in _SIGNS
        if not ended and not (mark and is_sign):
            yield text[place], _State(place + 1, _INSIDE if mark else _OUTSIDE)
        # Between two characters: a byte 10xxxxxx goes on with one.
        if ended or text[place] & 0xC0 != 0x80:
            if mark == _INSIDE:
                yield ord("|"), _State(place, mark, b"|")
            elif mark == _OUTSIDE and not ended and not is_sign:
                yield ord("{"), _State(place, _OPENED)


def _as_bytes(piece: str) -> bytes:
    """Return the bytes of a token as `Tokenizer.piece` writes it."""
    parts = _BYTE.split(piece)
    return b"".join(bytes.fromhex(part) if at % 2 else part.encode("utf-8", "replace") for at, part in enumerate(parts))

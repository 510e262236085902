"""A rendered prompt that knows which of its text is the template's own: only there a control token's name is the token.

A question that mentions `<eoa>` is about these five characters. So the text that a model reads is kept in parts, and it
is a `str` as well: whoever only shows, hashes or sends it needs to know nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple


class Part(NamedTuple):
    """A stretch of a rendered text.

    Attributes:
        text: what stands there.
        own: it is the template's: names of control tokens in it are the tokens. Else they are plain text.
        apart: it is tokenised apart from what is before it, as an answer is from its prompt.
        learned: the model learns to write it: an earlier answer of a conversation, or its end. All that is tokenised
            together is learned, or nothing of it.
    """

    text: str
    own: bool = False
    apart: bool = False
    learned: bool = False


class Rendered(str):
    """A text and its parts; made of a plain `str`, it holds no control token."""

    parts: tuple[Part, ...]

    def __new__(cls, parts: str | Iterable[Part]) -> Rendered:
        """Make it of its parts, in order."""
        given = parts_of(parts) if isinstance(parts, str) else tuple(parts)
        made = super().__new__(cls, "".join(part.text for part in given))
        made.parts = tuple(_merged(given))
        return made

    def as_json(self) -> list[Sequence[Any]]:
        """Return the parts as plain data; `from_json` is its inverse."""
        return [list(part) for part in self.parts]

    @classmethod
    def from_json(cls, rows: Iterable[Sequence[Any]]) -> Rendered:
        """Read what `as_json` wrote."""
        return cls(Part(*row) for row in rows)


def parts_of(text: str) -> tuple[Part, ...]:
    """Return the parts of a text; a plain `str` is no template's own."""
    return text.parts if isinstance(text, Rendered) else (Part(text),) if text else ()


def _merged(parts: Iterable[Part]) -> Iterator[Part]:
    """Put parts of one kind that follow each other together, so that a control token may span what was two texts."""
    last: Part | None = None
    for part in parts:
        if last is not None and not part.apart and part.own == last.own:
            last = last._replace(text=last.text + part.text)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last

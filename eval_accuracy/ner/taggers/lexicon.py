"""What training says of strings and characters: how often they stand there, and how often they are marked.

A line that is learned from is looked up without what it says itself, or the lexicon would know all of its entities,
as it never does of another text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from core.text.markup import Marked
from core.text.tags import tags_of


class Lexicon:
    """Counts of marked texts.

    Attributes:
        marked: string -> type -> how often it is marked so.
        seen: string -> how often it stands anywhere; of marked strings alone.
        tagged: (character, tag) -> how often; characters: character -> how often.
        longest: characters of the longest marked string.
    """

    def __init__(self, lines: Sequence[Marked]) -> None:
        self.marked: dict[str, Counter[str]] = {}
        for line in lines:
            for start, end, kind in line.spans:
                self.marked.setdefault(line.text[start:end], Counter())[kind] += 1
        self.longest = max(map(len, self.marked), default=0)
        self.seen = Counter[str]()
        self.tagged = Counter[tuple[str, str]]()
        self.characters = Counter[str]()
        for line in lines:
            self.seen.update(string for _, string in self.matches(line.text))
            self.tagged.update(zip(line.text, tags_of(line, "BMES"), strict=True))
            self.characters.update(line.text)

    def matches(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield place and string of all marked strings that stand in a text, the longest of a place first."""
        for start in range(len(text)):
            for size in range(min(self.longest, len(text) - start), 0, -1):
                if text[start : start + size] in self.marked:
                    yield start, text[start : start + size]

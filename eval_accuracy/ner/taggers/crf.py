"""The CRF floor, by python-crfsuite."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.text.markup import Marked, Span
from core.text.tags import tags_of
from eval_accuracy.ner.taggers.lexicon import Lexicon
from eval_accuracy.ner.taggers.tagger import TAGS, Tagger, tagged_spans

# Shares are told apart by these bounds.
_BOUNDS = (0.1, 0.3, 0.6, 0.9)
_MOST = 6  # a character that is seen 32 times is as common as any


class Crf(Tagger):
    """A linear-chain CRF. Features: the characters at -2 … +2 in ones, twos and threes; what the lexicon says of them.

    Args:
        c1, c2: weights of the L1 and of the L2 penalty.
        iterations: of L-BFGS at the most.
    """

    def __init__(self, c1: float = 0.05, c2: float = 0.05, iterations: int = 60) -> None:
        self._settings: dict[str, Any] = {"c1": c1, "c2": c2, "max_iterations": iterations}
        self._lexicon = Lexicon(())
        self._model = b""  # the library reads it where it lies
        self._tagger: Any = None

    def fit(self, lines: Sequence[Marked]) -> None:
        """See `Tagger`; InputError where the library is not installed."""
        library = _crfsuite()
        self._lexicon = Lexicon(lines)
        trainer = library.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params(self._settings)
        for line in lines:
            if line.text:
                trainer.append(list(self._features(line.text, line)), tags_of(line, "BMES"))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "crf"
            trainer.train(str(file))
            self._model = file.read_bytes()
        self._tagger = library.Tagger()
        self._tagger.open_inmemory(self._model)

    def spans(self, text: str) -> tuple[Span, ...]:
        """See `Tagger`."""
        return tagged_spans(self._tagger.tag(list(self._features(text)))) if text else ()

    def _features(self, text: str, own: Marked | None = None) -> Iterator[list[str]]:
        """Yield the features of each character; `own` is the line that is learned from."""
        strings, characters = self._of_strings(text, own), self._of_characters(text, own)
        padded = f"\0\0{text}\1\1"
        for at in range(len(text)):
            window = padded[at : at + 5]
            yield [
                *(f"{place}{char}" for place, char in enumerate(window)),
                *(f"{place}p{window[place : place + 2]}" for place in range(4)),
                *(f"{place}t{window[place : place + 3]}" for place in range(3)),
                *strings[at],
                *(
                    f"{near}{said}"
                    for near in (-1, 0, 1, 2)
                    if 0 <= at + near < len(text)
                    for said in characters[at + near]
                ),
            ]

    def _of_strings(self, text: str, own: Marked | None) -> list[list[str]]:
        """Return for each character the marked strings that it stands in: where in them, of which type, how surely."""
        lexicon = self._lexicon
        less, seen_less = Counter[tuple[str, str]](), Counter[str]()
        matches = list(lexicon.matches(text))
        if own is not None:
            less.update((text[start:end], kind) for start, end, kind in own.spans)
            seen_less.update(string for _, string in matches)
        found: list[list[str]] = [[] for _ in text]
        for start, string in matches:
            for kind, count in lexicon.marked[string].items():
                if (left := count - less[string, kind]) > 0:
                    share = _bucket(left, lexicon.seen[string] - seen_less[string])
                    places = tags_of(Marked(string, (Span(0, len(string), kind),)), "BMES")
                    for step, place in enumerate(places):
                        found[start + step].append(f"in{place}{share}{min(len(string), 4)}")
        return found

    def _of_characters(self, text: str, own: Marked | None) -> list[list[str]]:
        """Return for each character how often it has which tag, and how common it is."""
        lexicon = self._lexicon
        tagged, there = Counter[tuple[str, str]](), Counter[str]()
        if own is not None:
            tagged.update(zip(text, tags_of(own, "BMES"), strict=True))
            there.update(text)
        found = []
        for char in text:
            count = lexicon.characters[char] - there[char]
            said = [f"n{min(count.bit_length(), _MOST)}"]
            for tag in TAGS:
                if (left := lexicon.tagged[char, tag] - tagged[char, tag]) > 0:
                    said.append(f"is{tag}{_bucket(left, count)}")
            found.append(said)
        return found


def _bucket(part: int, whole: int) -> int:
    return sum(part >= bound * whole for bound in _BOUNDS)


def _crfsuite() -> Any:
    try:
        import pycrfsuite
    except ImportError as error:
        raise InputError(
            'the CRF needs python-crfsuite: pip install -c constraints.txt ".[ner]", or leave crf out with --kinds'
        ) from error
    return pycrfsuite

"""Training on what retention is measured on is refused: the passages that are asked, and SQuAD's dev set always.

`squad_dev_passages.bin` holds 64-bit fingerprints of the dev set's passages, none of its text, so that they are known
where the file itself is not. `python data_convert/fingerprint.py dev-v1.1.json` makes it anew; that is needed where
`normalise` changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.files import sha256_file
from core.text.records import Record
from core.text.rounds import before_texts, said_before
from data_convert.selection.normalise import as_pairs, fingerprint, normalise
from data_convert.selection.overlap import Overlap

SQUAD_DEV_SHA256 = "95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9"
FINGERPRINTS = Path(__file__).with_name("squad_dev_passages.bin")

# The shortest passage of the dev set has 157 characters; shorter texts need no look.
_SHORTEST = 150
_CONTEXT = ("passage", "instruction")  # of a record's meta
# So many shared n-grams are a passage, whatever stands around it.
_MOST = 50


def is_squad_dev(path: Path) -> bool:
    """Tell whether a file is the official dev-v1.1.json, to the byte; InputError where it cannot be read."""
    return sha256_file(path) == SQUAD_DEV_SHA256


@cache
def dev_passages() -> frozenset[int]:
    """Return the fingerprints of the SQuAD v1.1 dev set's passages."""
    return frozenset(np.fromfile(FINGERPRINTS, "<u8").tolist())


def passage_fingerprints(passages: Iterable[str]) -> frozenset[int]:
    """Return 64-bit fingerprints of passages, normalised, and of each long line of theirs."""
    return frozenset(_fingerprint(piece) for passage in passages for piece in _pieces(passage))


class Asked:
    """The passages that retention is measured on; with those of SQuAD's dev set, what no training record may hold.

    A record holds a passage where its own passage, its instruction, its question or a line of these is one, however it
    is typed; or where half of the n-grams of such a text, or 50 of them, stand in the passages of the questions asked.
    """

    def __init__(self, questions: Iterable[Record]) -> None:
        """Take the passages of the retention questions."""
        passages = {str(record.meta.get("passage", "")) for record in questions}
        self._exact = passage_fingerprints(passages) | dev_passages()
        self._words = Overlap(sorted(passages))

    def held_by(self, records: Sequence[Record]) -> list[Record]:
        """Return those of the records that hold one of the passages."""
        texts = list({text: None for record in records for text in _long_texts(record)})
        hits = self._words.hits(texts)
        mostly = (hits.share >= 0.5) | (hits.shared >= _MOST)
        holding = {
            text
            for text, held in zip(texts, mostly.tolist(), strict=True)
            if held or any(_fingerprint(piece) in self._exact for piece in _pieces(text))
        }
        return [record for record in records if not holding.isdisjoint(_long_texts(record))]


def refusal(places: Sequence[str], path: Path | str) -> InputError:
    """Return the error of a file whose records at these places hold what retention is measured on."""
    return InputError(
        f"{path}: {len(places)} of its records, the first of them {places[0]}, are about passages that retention is "
        "measured on; train on SQuAD's train file, never on its dev file"
    )


def is_long(record: Record) -> bool:
    """Tell whether a record can hold a passage."""
    if len(record.question) >= _SHORTEST or len(said_before(record)) >= _SHORTEST:
        return True
    return not record.meta.keys().isdisjoint(_CONTEXT) and any(True for _ in _long_texts(record))


def _long_texts(record: Record) -> Iterator[str]:
    for text in (record.question, *map(record.meta.get, _CONTEXT), *before_texts(record)):
        if isinstance(text, str) and len(text) >= _SHORTEST:
            yield text


def _pieces(text: str) -> Iterator[str]:
    """Yield a text and its lines, but short ones."""
    yield from (piece for piece in {text: None, **dict.fromkeys(text.splitlines())} if len(piece) >= _SHORTEST)


def _fingerprint(text: str) -> int:
    return int(as_pairs(fingerprint(normalise(text)))[0, 0])

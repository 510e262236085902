"""Training on what retention is measured on is refused: the passages that are asked, and SQuAD's dev set anywhere.

`squad_dev_passages.bin` holds 64-bit fingerprints of the dev set's passages, none of its text, so that they are known
where the file itself is not. From the kit's root, `python -m data_convert.selection.refusal dev-v1.1.json` makes it
anew; that is needed where `normalise` changes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from core.errors import InputError, run_command
from core.files import replacing, sha256_file
from core.records import Record
from data_convert.selection.normalise import as_pairs, fingerprint, normalise
from data_convert.squad import read_questions

SQUAD_DEV_SHA256 = "95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9"
FINGERPRINTS = Path(__file__).with_name("squad_dev_passages.bin")
_EXAMPLE = "python -m data_convert.selection.refusal dev-v1.1.json"

# The shortest passage of the dev set has 157 characters; shorter lines need no look.
_SHORTEST = 150


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


def asked_passages(questions: Iterable[Record]) -> frozenset[int]:
    """Return the fingerprints of the passages that retention questions are about."""
    return passage_fingerprints({str(record.meta.get("passage", "")) for record in questions})


def is_about(record: Record, passages: frozenset[int]) -> bool:
    """Tell whether a record holds one of the passages: as its passage, or as a line of its question or instruction."""
    texts = (record.meta.get("passage"), record.meta.get("instruction"), record.question)
    return any(_fingerprint(piece) in passages for text in texts for piece in _pieces(str(text or "")))


def refuse_asked(records: Iterable[Record], asked: frozenset[int], where: str) -> None:
    """Refuse training records about a passage that retention is measured on, or that is in SQuAD's dev set.

    Args:
        records: those that would be trained on.
        asked: what `asked_passages` returns for the retention questions.
        where: the file they come from, for the message.

    Raises:
        InputError: there is one at least; names the first and says how many there are.
    """
    passages = asked | dev_passages()
    found = [record for record in records if is_about(record, passages)]
    if found:
        raise InputError(
            f"{where}: {len(found)} of its records, the first of them {found[0].source or found[0].id}, are about "
            "passages that retention is measured on; train on SQuAD's train file, never on its dev file"
        )


def _pieces(text: str) -> Iterator[str]:
    if len(text) >= _SHORTEST:
        yield text
        if "\n" in text:
            yield from (line for line in text.splitlines() if len(line) >= _SHORTEST)


def _fingerprint(text: str) -> int:
    return int(as_pairs(fingerprint(normalise(text)))[0, 0])


def main(argv: Sequence[str]) -> int:
    """Write the fingerprints of the dev file's passages, ascending."""
    if len(argv) != 1:
        raise InputError(f"give SQuAD's dev file, and nothing else: {_EXAMPLE}")
    path = Path(argv[0])
    if not is_squad_dev(path):
        raise InputError(f"{path}: not the official dev-v1.1.json (its sha256 begins {SQUAD_DEV_SHA256[:8]})")
    found = asked_passages(read_questions(path, "all")[0])
    with replacing(FINGERPRINTS) as partial:
        np.array(sorted(found), "<u8").tofile(partial)
    print(f"{len(found)} fingerprints: {FINGERPRINTS}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))

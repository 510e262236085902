"""Counts of a reader's agreement with what is so by construction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field

from benchmarks.made_answers import Made, others
from benchmarks.made_answers.readers import Reading, both_ways, kit

READERS: Mapping[str, Callable[[Made], Reading]] = {
    "kit": kit,
    "kit-both-ways": both_ways,
    "math-verify": others.math_verify,
    "opencompass": others.opencompass,
}


@dataclass
class Tally:
    """What a reader made of the answers of one kind.

    Attributes:
        answers: how many there are.
        agreed: how many it judged as they are; of choices, it read the very letter that is named, or none.
        false_rights: wrong ones that it called right.
        false_wrongs: right ones that it called wrong.
        unread: answers that are right or name an option, in which it read nothing.
        seconds: its own time.
        misjudged: some answers that it misjudged, for people.
    """

    answers: int = 0
    agreed: int = 0
    false_rights: int = 0
    false_wrongs: int = 0
    unread: int = 0
    seconds: float = 0.0
    misjudged: list[dict[str, object]] = field(default_factory=list)

    @property
    def agreement(self) -> float:
        """The share of answers that it judged as they are."""
        return self.agreed / self.answers if self.answers else 0.0

    def add(self, made: Made, reading: Reading, seconds: float, examples: int) -> None:
        """Count one reading; keep at most `examples` misjudged ones."""
        self.answers += 1
        self.seconds += seconds
        agreed = reading.read == (made.letter or "") if made.is_choice else reading.right == made.right
        self.agreed += agreed
        self.false_rights += reading.right and not made.right
        self.false_wrongs += made.right and not reading.right
        self.unread += not reading.read and bool(made.letter if made.is_choice else made.right)
        if not agreed and len(self.misjudged) < examples:
            self.misjudged.append(
                {**asdict(made), "read": reading.read, "judged_right": reading.right, "by": reading.note}
            )

    def merge(self, other: Tally, examples: int) -> None:
        """Add the counts of another tally."""
        for name in ("answers", "agreed", "false_rights", "false_wrongs", "unread", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.misjudged = (self.misjudged + other.misjudged)[:examples]


def tallies(answers: Iterable[Made], reader: str, kinds: frozenset[str], examples: int) -> dict[str, Tally]:
    """Let a reader judge answers; count by kind.

    Args:
        answers: made answers.
        reader: of `READERS`.
        kinds: parts of names of kinds to count; empty: all.
        examples: how many misjudged ones of each kind to keep.
    """
    read = READERS[reader]
    counts: dict[str, Tally] = {}
    for made in answers:
        if kinds and not any(part in made.kind for part in kinds):
            continue
        started = time.perf_counter()
        reading = read(made)
        seconds = time.perf_counter() - started
        counts.setdefault(made.kind, Tally()).add(made, reading, seconds, examples)
    return counts

"""Which prompts are computed together: families that begin alike, members in the order of their lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Prompts are a family of their own where so many of them share so many tokens more than all prompts do.
_FEWEST_MEMBERS = 3
_FEWEST_TOKENS = 32
_WORTH_IT = 200  # a beginning is computed by itself where that saves so many tokens; a call costs as much as some 50


@dataclass(frozen=True)
class Family:
    """Prompts that begin with the same tokens.

    Attributes:
        shared: how many first tokens are the same in all of them; each has at least one more.
        members: their indices, shorter prompts first.
    """

    shared: int
    members: tuple[int, ...]


def families(ids: Sequence[Sequence[int]]) -> list[Family]:
    """Divide prompts by their beginnings; families with short prompts come first.

    In alphabetical order of the tokens, prompts that begin alike are neighbours: a passage with several questions, or
    the examples that are shown before each question of a subject.
    """
    if not ids:
        return []
    order = sorted(range(len(ids)), key=lambda index: list(ids[index]))
    alike = [_shared(ids[left], ids[right]) for left, right in zip(order, order[1:], strict=False)]
    least = min(alike, default=0)
    found: list[Family] = []
    rest: list[int] = []
    start = 0
    for place in range(len(order)):
        if place < len(alike) and alike[place] >= least + _FEWEST_TOKENS:
            continue
        run, start = order[start : place + 1], place + 1
        if len(run) < _FEWEST_MEMBERS:
            rest += run
        else:
            found.append(_family(run, ids, _shared(ids[run[0]], ids[run[-1]])))
    if rest:
        found.append(_family(rest, ids, least))
    return sorted(found, key=lambda family: len(ids[family.members[0]]))


def _family(members: Sequence[int], ids: Sequence[Sequence[int]], shared: int) -> Family:
    ordered = tuple(sorted(members, key=lambda index: (len(ids[index]), index)))
    # Every member keeps a token of its own: the logits after it are wanted.
    shared = min(shared, len(ids[ordered[0]]) - 1)
    return Family(shared if shared * (len(members) - 1) >= _WORTH_IT else 0, ordered)


def _shared(left: Sequence[int], right: Sequence[int]) -> int:
    length = min(len(left), len(right))
    return next((at for at in range(length) if left[at] != right[at]), length)

"""Which prompts are computed together: groups that begin alike, members in the order of their lengths.

An example, with characters for tokens: P stands for a passage of 300 times the character P.

    index  prompt             in alphabetical order  tokens shared with the next
    0      P who was first?   1  P what is it?       302 (P, w, h)
    1      P what is it?      3  P when?             302
    2      xylem?             0  P who was first?      0
    3      P when?            4  how far is it?        0
    4      how far is it?     2  xylem?

All five share 0 tokens, the least of the last column. A run goes on while neighbours share at least 32 more than that:
1, 3, 0 are a group with 302 shared tokens; runs of fewer than three, 4 and 2, are the rest, which shares 0. Computing
the group's beginning once saves 302 · (3 - 1) = 604 tokens, more than the 200 from which on that pays.

>>> prompts = ["P" * 300 + "who was first?", "P" * 300 + "what is it?", "xylem?", "P" * 300 + "when?", "how far is it?"]
>>> prefix_groups([list(prompt.encode()) for prompt in prompts])
[PrefixGroup(shared=0, members=(2, 4)), PrefixGroup(shared=302, members=(3, 1, 0))]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Prompts are a group of their own where so many of them share so many tokens more than all prompts do.
_FEWEST_MEMBERS = 3
_FEWEST_TOKENS = 32
_WORTH_IT = 200  # a beginning is computed by itself where that saves so many tokens; a call costs as much as some 50


@dataclass(frozen=True)
class PrefixGroup:
    """Prompts that begin with the same tokens.

    Attributes:
        shared: how many first tokens are the same in all of them; each has at least one more.
        members: their indices, shorter prompts first.
    """

    shared: int
    members: tuple[int, ...]


def prefix_groups(ids: Sequence[Sequence[int]]) -> list[PrefixGroup]:
    """Divide prompts by their beginnings; groups with short prompts come first.

    In alphabetical order of the tokens, prompts that begin alike are neighbours: a passage with several questions, or
    the examples that are shown before each question of a subject.
    """
    if not ids:
        return []
    order = sorted(range(len(ids)), key=lambda index: list(ids[index]))
    alike = [_shared(ids[left], ids[right]) for left, right in zip(order, order[1:], strict=False)]
    least = min(alike, default=0)
    found: list[PrefixGroup] = []
    rest: list[int] = []
    start = 0
    for place in range(len(order)):
        if place < len(alike) and alike[place] >= least + _FEWEST_TOKENS:
            continue
        run, start = order[start : place + 1], place + 1
        if len(run) < _FEWEST_MEMBERS:
            rest += run
        else:
            found.append(_group(run, ids, _shared(ids[run[0]], ids[run[-1]])))
    if rest:
        found.append(_group(rest, ids, least))
    return sorted(found, key=lambda group: len(ids[group.members[0]]))


def _group(members: Sequence[int], ids: Sequence[Sequence[int]], shared: int) -> PrefixGroup:
    ordered = tuple(sorted(members, key=lambda index: (len(ids[index]), index)))
    # Every member keeps a token of its own: the logits after it are wanted.
    shared = min(shared, len(ids[ordered[0]]) - 1)
    return PrefixGroup(shared if shared * (len(members) - 1) >= _WORTH_IT else 0, ordered)


def _shared(left: Sequence[int], right: Sequence[int]) -> int:
    length = min(len(left), len(right))
    return next((at for at in range(length) if left[at] != right[at]), length)

"""Several responses made one by votes on their spans.

Spans are equal in place and type. Those with enough votes are taken, the most voted first, of equals the longer, then
the one further left; one that overlaps a span that is taken already is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import InputError
from core.text.markup import Marked, Span


def voted(
    responses: Sequence[Sequence[Marked]], weights: Sequence[float] | None = None, least: float | None = None
) -> list[Marked]:
    """Return the lines of the first response with the spans that the responses vote for.

    Args:
        responses: the same texts, marked by each voter.
        weights: of the voters' votes; None: one each.
        least: votes that a span needs; None: more than half of all.

    Raises:
        InputError: no voter, or not a weight for each.
    """
    if not responses:
        raise InputError("no response to vote on: name at least one file")
    weights = weights or [1.0] * len(responses)
    if len(weights) != len(responses):
        raise InputError(f"{len(weights)} weights for {len(responses)} responses: give one for each")
    bound = least if least is not None else sum(weights) / 2 + 1e-9
    return [_line(lines, weights, bound) for lines in zip(*responses, strict=True)]


def _line(lines: Sequence[Marked], weights: Sequence[float], bound: float) -> Marked:
    votes: dict[Span, float] = {}
    for line, weight in zip(lines, weights, strict=True):
        for span in set(line.spans):
            votes[span] = votes.get(span, 0.0) + weight
    taken: list[Span] = []
    for span in sorted(votes, key=lambda one: (-votes[one], one.start - one.end, one)):
        if votes[span] >= bound and all(span.end <= other.start or other.end <= span.start for other in taken):
            taken.append(span)
    return Marked(lines[0].text, tuple(sorted(taken)), lines[0].end)

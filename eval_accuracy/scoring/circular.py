"""Circular evaluation: a choice is right only where it is right under every rotation of its options."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from core.errors import InputError
from core.text.records import Record
from eval_accuracy.judges import CIRCULAR
from eval_accuracy.judges.verdict import Verdict


def as_asked(records: Sequence[Record], answered: Collection[str]) -> Sequence[Record]:
    """Return the questions as predictions answer them: rotated where their ids are those of rotations.

    Args:
        records: the questions.
        answered: ids of the predictions.
    """
    if is_circular(records) or not any(f"{record.id}@rot0" in answered for record in records):
        return records
    from evaluation.asking.requests import rotated

    return rotated(records)


def is_circular(records: Sequence[Record]) -> bool:
    """Tell whether the questions are rotations of others (`meta.of` and `meta.rotation`)."""
    return any("of" in record.meta for record in records)


def folded(records: Sequence[Record], verdicts: Sequence[Verdict]) -> tuple[list[Record], list[Verdict]]:
    """Make one verdict of the verdicts on a question's rotations.

    Args:
        records: the rotated questions; `meta.of` is the id of the question, `meta.rotation` counts from 0, which has
            the options in their own order.
        verdicts: one for each of them.

    Returns:
        The questions in their own order and their verdicts: each rule as the own order has it, and `circular_RULE`,
        which holds where the rule does under every rotation.

    Raises:
        InputError: a record that is no rotation, or a question some of whose rotations are not there.
    """
    groups: dict[str, dict[int, tuple[Record, Verdict]]] = {}
    for record, verdict in zip(records, verdicts, strict=True):
        of, rotation = record.meta.get("of"), record.meta.get("rotation")
        if not isinstance(of, str) or type(rotation) is not int:
            raise InputError(f"question {record.id!r} is no rotation of another (meta.of, meta.rotation)")
        groups.setdefault(of, {})[rotation] = record, verdict
    count = 1 + max(max(group) for group in groups.values())
    questions, results = [], []
    for name, group in groups.items():
        if set(group) != set(range(count)):
            raise InputError(f"question {name!r} has the rotations {sorted(group)}; 0 to {count - 1} are needed")
        record, own = group[0]
        every = {rule: all(verdict.rules[rule] for _, verdict in group.values()) for rule in own.rules}
        questions.append(replace(record, id=name))
        results.append(replace(own, rules={**own.rules, **{CIRCULAR + rule: right for rule, right in every.items()}}))
    return questions, results

"""Traps in training settings: named checks, each a pure function from facts to what it found.

A group of checks is a module in groups/ that assigns `CHECKS`, a tuple of `Check`; plug-ins have theirs in
finetune/lint/groups/ too. A check brings an example that has the trap and a near one that has not, as changes of the
sound description in `finetune.lint.sound`; a test holds each check to both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import InputError, unknown
from core.registry import LINT
from finetune.lint.facts import Facts

# Training is wrong or does not happen; or it may be otherwise than meant.
Level = Literal["error", "warning"]
# Where it stands (a key, a file), and what is wrong there.
Found = tuple[str, str]


@dataclass(frozen=True)
class Check:
    """One trap.

    Attributes:
        name: of the check, unique.
        level: "error" where training is wrong or does not happen, "warning" where it may be otherwise than meant.
        find: yields where the trap stands and what is wrong there.
        evidence: what came of it, or how it shows.
        remedy: what to write instead.
        source: where the fact is from.
        trap: changes of the sound description after which this check alone finds something.
        clean: changes that come near, after which nothing is found.
    """

    name: str
    level: Level
    find: Callable[[Facts], Iterator[Found]] = field(repr=False)
    evidence: str
    remedy: str
    source: str
    trap: Mapping[str, Any] = field(repr=False)
    clean: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Finding:
    """What a check found in one place."""

    check: Check
    where: str
    said: str

    def as_json(self) -> dict[str, str]:
        """Return the finding as plain data."""
        one = self.check
        return {
            "check": one.name,
            "level": one.level,
            "where": self.where,
            "said": self.said,
            "evidence": one.evidence,
            "remedy": one.remedy,
            "source": one.source,
        }


def checks() -> list[Check]:
    """Return all checks, group by group.

    Raises:
        InputError: two of them have one name, or a plug-in's group holds something else.
    """
    found: dict[str, Check] = {}
    for group in LINT.names():
        for one in LINT.get(group, tuple):
            if not isinstance(one, Check) or one.name in found:
                raise InputError(
                    f"{LINT.kind} {group!r}: {getattr(one, 'name', one)!r} is no check of a name of its own"
                )
            found[one.name] = one
    return list(found.values())


def check_named(name: str) -> Check:
    """Return a check by its name; InputError, with the nearest one, where there is none."""
    known = {one.name: one for one in checks()}
    if name not in known:
        raise InputError(unknown("check", name, list(known)))
    return known[name]


def findings(facts: Facts) -> list[Finding]:
    """Return what all checks find, errors first, in the order of the checks."""
    found = [Finding(one, where, said) for one in checks() for where, said in one.find(facts)]
    return sorted(found, key=lambda finding: finding.check.level)

"""The retention gate: F1 and EM must both keep a share of the base model's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.errors import InputError


@dataclass(frozen=True)
class Gate:
    """What the contest's F1 and EM (percent) must reach, and where that comes from.

    Attributes:
        required_f1: least F1.
        required_em: least EM.
        reference: "base" for a share of a measured base model, "contest" for thresholds the contest states.
    """

    required_f1: float
    required_em: float
    reference: Literal["base", "contest"]


def gate_from_base(base_f1: float, base_em: float, share: float = 0.9) -> Gate:
    """Return the gate that asks for a share of the base model's F1 and EM (percent).

    Raises:
        InputError: F1 or EM outside 0..100, share outside 0..1.
    """
    for name, value, top in (("base F1", base_f1, 100.0), ("base EM", base_em, 100.0), ("share", share, 1.0)):
        if not 0 <= value <= top:
            raise InputError(f"{name} is {value}; expected 0 to {top:g}")
    return Gate(share * base_f1, share * base_em, "base")


def gate_of_contest(f1_threshold: float | None, em_threshold: float | None) -> Gate | None:
    """Return the gate of a contest that states both thresholds (percent), else None."""
    if f1_threshold is None or em_threshold is None:
        return None
    return Gate(f1_threshold, em_threshold, "contest")


def check(gate: Gate, f1: float, em: float) -> dict[str, Any]:
    """Hold F1 and EM (percent) against a gate; reaching a threshold exactly passes.

    Returns:
        "required_f1", "required_em", "reference", "margin_f1", "margin_em" (points above the threshold), "passed".
    """
    return {
        **asdict(gate),
        "margin_f1": f1 - gate.required_f1,
        "margin_em": em - gate.required_em,
        "passed": f1 >= gate.required_f1 and em >= gate.required_em,
    }

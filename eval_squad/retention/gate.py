"""The retention gate: F1 and EM must both keep a share of the base model's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from core.errors import InputError
from evaluation.figures.statistics import Floats, percentile_interval


@dataclass(frozen=True)
class Gate:
    """What the contest's F1 and EM (percent) must reach, and where that comes from.

    Attributes:
        required_f1: least F1.
        required_em: least EM.
        reference: "base" for a share of a measured base model, "contest" for thresholds the contest states.
        share: the share of the base model's figures that these are.
    """

    required_f1: float
    required_em: float
    reference: Literal["base", "contest"]
    share: float = 0.9


def gate_from_base(base_f1: float, base_em: float, share: float = 0.9) -> Gate:
    """Return the gate that asks for a share of the base model's F1 and EM (percent).

    Raises:
        InputError: F1 or EM outside 0..100, share outside 0..1.
    """
    for name, value, top in (("base F1", base_f1, 100.0), ("base EM", base_em, 100.0), ("share", share, 1.0)):
        if not 0 <= value <= top:
            raise InputError(f"{name} is {value}; expected 0 to {top:g}")
    return Gate(share * base_f1, share * base_em, "base", share)


def gate_of_contest(f1_threshold: float | None, em_threshold: float | None, share: float = 0.9) -> Gate | None:
    """Return the gate of a contest that states both thresholds (percent), else None."""
    if f1_threshold is None or em_threshold is None:
        return None
    return Gate(f1_threshold, em_threshold, "contest", share)


def check(gate: Gate, f1: float, em: float) -> dict[str, Any]:
    """Hold F1 and EM (percent) against a gate; reaching a threshold exactly passes.

    Returns:
        The gate's own fields; "margin_f1", "margin_em" (points above the threshold); "kept_f1", "kept_em" (share of
        the base's figure, None where that is 0); "passed".
    """
    return {
        **asdict(gate),
        "margin_f1": f1 - gate.required_f1,
        "margin_em": em - gate.required_em,
        "kept_f1": gate.share * f1 / gate.required_f1 if gate.required_f1 else None,
        "kept_em": gate.share * em / gate.required_em if gate.required_em else None,
        "passed": bool(f1 >= gate.required_f1 and em >= gate.required_em),
    }


def certainty(gate: Gate, draws: Floats, base_draws: Floats | None) -> dict[str, Any]:
    """Say how sure the gate's decision is.

    Args:
        gate: the gate.
        draws: resampled F1 and EM in percent, [draws, 2].
        base_draws: the base model's on the same resampled questions; None where only the thresholds are known.

    Returns:
        "kept_f1_interval", "kept_em_interval" (None where the base has a draw of 0); "pass_probability": share of the
        draws that pass; "within_interval": those of "f1" and "em" whose threshold lies inside the 95 % interval;
        "paired": whether the base was resampled too.
    """
    thresholds = np.array([gate.required_f1, gate.required_em])
    required = gate.share * base_draws if base_draws is not None else np.broadcast_to(thresholds, draws.shape)
    margins = draws - required
    result: dict[str, Any] = {}
    within = []
    for column, name in enumerate(("f1", "em")):
        known = bool(required[:, column].all())
        kept = gate.share * draws[:, column] / required[:, column] if known else None
        result[f"kept_{name}_interval"] = None if kept is None else list(percentile_interval(kept))
        low, high = percentile_interval(margins[:, column])
        if low < 0 <= high:
            within.append(name)
    return {
        **result,
        "pass_probability": float((margins >= 0).all(axis=1).mean()),
        "within_interval": within,
        "paired": base_draws is not None,
    }

"""What trained parameters cost before any are trained: rank and targets -> ratio -> points -> accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.methods import method_of
from core.methods.lora import lora_parameters
from core.models import total_parameters
from core.schema import MethodConfig, ModelConfig
from core.schema_evaluation import RulesConfig
from core.score import low_parameter_score, parameter_ratio, points_lost, published_scores, rank

RANKS = (1, 2, 4, 8, 16, 32, 64, 128)
TARGETS = {
    "wq,wv": ".*wq|.*wv",
    "wq,wk,wv,wo": ".*wq|.*wk|.*wv|.*wo",
    "wq,wk,wv,wo,w1,w2,w3": ".*wq|.*wk|.*wv|.*wo|.*w1|.*w2|.*w3",
}


def what_if(
    model: ModelConfig, method: MethodConfig, rules: RulesConfig, accuracy: float | None = None
) -> list[dict[str, Any]]:
    """Return what a LoRA of each rank on each choice of layers costs.

    Args:
        model: the base model.
        method: the contest's own, whose row comes first.
        rules: the contest's.
        accuracy: an accuracy to compute score and rank with.

    Returns:
        For each: "targets", "rank" (None where the method has none), "trainable", "ratio"; "points_lost" to the ratio;
        "accuracy_needed" to win them back, and "accuracy_beside_own", the same against the contest's own method
        (fractions; None where accuracy has no weight); with an accuracy "score" and "place" among the published results
        (None where there are none).
    """
    total = total_parameters(model)
    trained = method_of(method).parameters(method, model)
    own = points_lost(rules, parameter_ratio(trained, total))
    choices: list[tuple[str, int | None, int]] = [(method.name, getattr(method, "rank", None), trained)]
    choices += [
        (name, each, lora_parameters(model, each, targets)) for name, targets in TARGETS.items() for each in RANKS
    ]
    rows = []
    for name, each, trainable in choices:
        share = parameter_ratio(trainable, total)
        lost = points_lost(rules, share)
        row = {"targets": name, "rank": each, "trainable": trainable, "ratio": share, "points_lost": lost}
        weight = rules.accuracy_weight
        row["accuracy_needed"] = lost / weight if weight else None
        row["accuracy_beside_own"] = (lost - own) / weight if weight else None
        if accuracy is not None:
            score = low_parameter_score(accuracy, share, rules.ratio_weight, weight, rules.ratio_factor)
            others = [value for value, _ in published_scores(rules)]
            row |= {"score": score, "place": rank(score, others) if others else None}
        rows.append(row)
    return rows


def as_text(rows: Sequence[dict[str, Any]], title: str) -> str:
    """Return the rows as a table under a title."""
    scored = "score" in rows[0]
    width = max(len(row["targets"]) for row in rows)
    head = f"{'targets':{width}} {'rank':>4} {'trainable':>11} {'ratio':>8} {'lost':>8} {'= accuracy':>10}"
    head += f" {'score':>6} {'place':>5}" if scored else f" {'beside own':>10}"
    lines = [title, head]
    for at, row in enumerate(rows):
        needed, beside = (
            "-" if row[key] is None else f"{row[key]:{sign}.3%}"
            for key, sign in (("accuracy_needed", ""), ("accuracy_beside_own", "+"))
        )
        line = f"{row['targets']:{width}} {row['rank'] or '-':>4} {row['trainable']:11,} {row['ratio']:8.4%}"
        line += f" {row['points_lost']:8.6f} {needed:>10}"
        line += f" {row['score']:6.4f} {row['place'] or '-':>5}" if scored else f" {beside:>10}"
        lines.append(line)
        if at == 0:
            lines.append("-" * len(head))
    lines.append("lost: points of the score, to the ratio; = accuracy: what wins them back")
    if not scored:
        lines.append("beside own: accuracy that wins back what it costs more than the contest's own method")
    return "\n".join(lines)

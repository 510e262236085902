"""The judge of texts that are right only where they are the reference."""

from __future__ import annotations

from eval_accuracy.judges.text import TextJudge, normalise


class ExactMatch(TextJudge):
    """Compares whole texts; see `exact_match`."""

    rules = ("normalised", "verbatim")

    def scores(self, text: str, reference: str) -> dict[str, float]:
        """See `exact_match`."""
        return exact_match(text, reference)


JUDGE = ExactMatch()


def exact_match(prediction: str, reference: str) -> dict[str, float]:
    """Return 1 where the texts are the same: "verbatim" but for space around them, "normalised" after `normalise`."""
    return {
        "normalised": float(normalise(prediction) == normalise(reference)),
        "verbatim": float(prediction.strip() == reference.strip()),
    }

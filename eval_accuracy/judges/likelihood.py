"""Multiple choice by likelihood: the option that the model finds likeliest (MMLU, CMMLU).

No entry of its own: the judge "choice" hands over to it where answers have log-likelihoods.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from core.text.records import Record
from eval_accuracy.extraction.options.named import letters_of
from eval_accuracy.judges import Answer, Judge, subject
from eval_accuracy.judges.choice import reference_letter
from eval_accuracy.judges.verdict import Verdict, refused

# "likelihood": the highest log-likelihood. "likelihood_per_byte": the highest after division by the UTF-8 bytes of the
# option's own text, for models that were asked for the options' texts: long ones are unlikely for their length alone.
RULES = ("likelihood", "likelihood_per_byte")

# "Which?\nB. the second" -> ("B", "the second")
_OPTION = re.compile(r"^[ \t]{0,9}([A-Z])[.、:：)）][ \t]*(.*)$", re.MULTILINE)


class LikelihoodJudge(Judge):
    """Judges the option with the highest log-likelihood.

    Args:
        judge: the one that hands over to it, whose name and tasks it shares.
    """

    rules = RULES
    by_likelihood = True

    def __init__(self, judge: Judge) -> None:
        self.name, self.tasks = judge.name, judge.tasks

    def decide(self, record: Record, answer: Answer) -> Verdict:
        """See `judge`."""
        return judge(record.question, answer.scores, record.answer, subject(record))


def judge(question: str, scores: Sequence[float], reference: str, subject: str = "") -> Verdict:
    """Judge one choice.

    A tie for the highest is no choice: nothing is guessed, and no place is favoured.

    Args:
        question: question and options, as the prompt shows them.
        scores: log-likelihoods of the options A, B, C …, in this order.
        reference: the corpus' output, or the letter alone.
        subject: the question's subject.

    Raises:
        InputError: the reference names no option.
    """
    truth = reference_letter(reference)
    if not scores:
        return refused(subject, RULES, truth, "empty")
    letters = letters_of(question, truth)
    weighed = _per_byte(scores, question, letters)
    chosen = {"likelihood": _highest(scores, letters), "likelihood_per_byte": _highest(weighed, letters)}
    if len(scores) > len(letters) or not any(chosen.values()):
        return refused(subject, RULES, truth, "unparsable")
    rules = {rule: named == truth for rule, named in chosen.items()}
    return Verdict(subject, rules, "likelihood", chosen["likelihood"] or "tie", truth)


def _highest(scores: Sequence[float], letters: str) -> str:
    """Return the letter of the highest score; empty where two share it, or none is a number."""
    known = [-math.inf if math.isnan(score) else score for score in scores[: len(letters)]]
    best = max(known)
    return letters[known.index(best)] if known.count(best) == 1 and best > -math.inf else ""


def _per_byte(scores: Sequence[float], question: str, letters: str) -> list[float]:
    options = dict(_OPTION.findall(question))
    lengths = [len(options.get(letter, "").strip().encode()) for letter in letters]
    return [score / max(1, length) for score, length in zip(scores, lengths, strict=False)]

"""F1 and EM of SQuAD v1.1, the maximum over all reference answers; v2.0's rule where there is none.

Definitions: Rajpurkar et al. 2016, section 6.1, and 2018 for questions without an answer.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


@lru_cache(maxsize=1 << 15)
def normalise(text: str) -> str:
    """Lower the case, drop ASCII punctuation, then the articles a, an, the; join the words by single spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def f1(prediction: str, answer: str) -> float:
    """Return the harmonic mean of precision and recall of the words shared with one answer, 0 to 1."""
    guess, truth = normalise(prediction).split(), normalise(answer).split()
    common = sum((Counter(guess) & Counter(truth)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(guess), common / len(truth)
    return 2 * precision * recall / (precision + recall)


def em(prediction: str, answer: str) -> float:
    """Return 1 where prediction and answer are the same after `normalise`, else 0."""
    return float(normalise(prediction) == normalise(answer))


def best(prediction: str, answers: Sequence[str], v2: bool = False) -> tuple[float, float]:
    """Return (F1, EM) of a prediction, each the maximum over the answers, 0 to 1.

    A question without an answer is right (1, 1) where the prediction is empty after `normalise`.

    Args:
        prediction: the text.
        answers: the reference answers.
        v2: by the script of SQuAD v2.0, which drops answers of which `normalise` leaves nothing (`.`); that of v1.1
            keeps them, and an empty prediction matches one.
    """
    if v2:
        answers = [answer for answer in answers if normalise(answer)]
    if not answers:
        right = float(not normalise(prediction))
        return right, right
    return max(f1(prediction, answer) for answer in answers), max(em(prediction, answer) for answer in answers)

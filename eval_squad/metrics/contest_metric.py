"""The contest's F1 and EM (MindFormers' `EmF1Metric`), which are not those of SQuAD.

Where they differ: F1 looks at the longest common *contiguous* run of jieba segments, articles stay, most ASCII
punctuation stays, there is one reference answer, and only the first line of a prediction counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from core.text.segmentation import LONGEST, words

# Characters the metric deletes. Its list also holds the two-character entry "……", which no single character can
# equal, and lacks the opening quote ‘: an ellipsis and that quote therefore stay.
DELETED = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")


def first_line(prediction: str) -> str:
    """Return the part of a prediction that the metric sees: the first line of the stripped text."""
    return prediction.strip().split("\n", 1)[0]


def without_punctuation(text: str) -> str:
    """Return `text` in lower case, stripped, without the metric's punctuation."""
    return "".join(char for char in text.lower().strip() if char not in DELETED)


@lru_cache(maxsize=1 << 15)
def segments(text: str) -> tuple[str, ...]:
    """Cut a text into the metric's segments.

    Each character of U+4E00 to U+9FA5 is one segment; what stands between is cut by jieba's default mode, which
    makes segments of words and numbers and also of every space and punctuation mark.
    """
    found: list[str] = []
    for piece, is_cjk in _runs(without_punctuation(text)):
        found.extend(piece if is_cjk else words(piece))
    return tuple(found)


def longest_common_run(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the length of the longest contiguous run of segments that both sequences hold.

    A suffix automaton of the shorter sequence is walked along the longer one, so that the cost grows with the sum
    of the lengths, not with their product, whatever the texts are.
    """
    short, long = sorted((left, right), key=len)
    if not short:
        return 0
    steps, links, lengths = _suffix_automaton(short)
    state = run = best = 0
    for segment in long:
        while state and segment not in steps[state]:
            state = links[state]
            run = lengths[state]
        if segment in steps[state]:
            state = steps[state][segment]
            run += 1
            best = max(best, run)
    return best


def f1(prediction: str, answer: str) -> float:
    """Return the contest's F1 of one prediction (first line only), 0 to 1; `LONGEST` characters of either count."""
    guess, truth = segments(first_line(prediction)[:LONGEST]), segments(answer[:LONGEST])
    common = longest_common_run(guess, truth)
    if common == 0:
        return 0.0
    precision, recall = common / len(guess), common / len(truth)
    return 2 * precision * recall / (precision + recall)


def em(prediction: str, answer: str) -> float:
    """Return the contest's exact match of one prediction (first line only), 0 or 1."""
    return float(without_punctuation(first_line(prediction)) == without_punctuation(answer))


def mean_percent(values: Iterable[float]) -> float:
    """Return 100 times the mean, summed in order as the original does (the last digits depend on it); 0 of none."""
    total, count = 0.0, 0
    for value in values:
        total += value
        count += 1
    return 100.0 * total / count if count else 0.0


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """Yield maximal runs of (text, whether it is CJK)."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or _is_cjk(text[at]) != _is_cjk(text[start]):
            yield text[start:at], _is_cjk(text[start])
            start = at


def _is_cjk(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fa5"


def _suffix_automaton(sequence: Sequence[str]) -> tuple[list[dict[str, int]], list[int], list[int]]:
    """Build the suffix automaton (Blumer et al. 1985) of a sequence.

    Returns:
        For each state: its transitions, its suffix link (that of the root is -1), its longest length.
    """
    steps: list[dict[str, int]] = [{}]
    links, lengths = [-1], [0]
    last = 0
    for segment in sequence:
        new = len(steps)
        steps.append({})
        links.append(0)
        lengths.append(lengths[last] + 1)
        state = last
        while state >= 0 and segment not in steps[state]:
            steps[state][segment] = new
            state = links[state]
        if state >= 0:
            after = steps[state][segment]
            if lengths[after] > lengths[state] + 1:
                after = _clone(steps, links, lengths, state, segment)
            links[new] = after
        last = new
    return steps, links, lengths


def _clone(steps: list[dict[str, int]], links: list[int], lengths: list[int], state: int, segment: str) -> int:
    """Split the state that follows `state` by `segment`, so that it stands for one length; return the new state."""
    after = steps[state][segment]
    clone = len(steps)
    steps.append(dict(steps[after]))
    links.append(links[after])
    lengths.append(lengths[state] + 1)
    while state >= 0 and steps[state].get(segment) == after:
        steps[state][segment] = clone
        state = links[state]
    links[after] = clone
    return clone

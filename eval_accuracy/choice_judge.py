"""The judge of multiple choice: which of A, B, C, D the prediction names."""

from __future__ import annotations

import re

from core.errors import InputError
from eval_accuracy.answers import without_echo
from eval_accuracy.verdict import Verdict, refused

# "phrase": the sentence the contest asks for. "letter": that, else an unmistakable letter in another form.
RULES = ("phrase", "letter")

_PHRASE = re.compile(r"The right option is ([A-D])(?![A-Za-z])")
_OTHER_PHRASE = re.compile(
    r"(?:right|correct)\s(?:option|answer)\s(?:is|:)\s?['\"“(\[*]{0,3}([A-D])(?![A-Za-z])"
    r"|\b[Aa]nswer\s?(?:is|:)\s?['\"“(\[*]{0,3}([A-D])(?![A-Za-z])"
    r"|(?:答案|(?<!不)选[项择]?|正确的)\s?(?:是|为|[:：])?\s?['\"“(（\[*]{0,3}([A-D])(?![A-Za-z])",
    re.IGNORECASE,
)
# In brackets, or before a mark or the end of the line: an "A" before a word is an article.
_BARE = re.compile(
    r"\s*(?:[(（\[]\s?([A-D])\s?[)）\]]|['\"“*]{0,3}([A-D])['\"”*]{0,3}(?:[.。．、,，:：;；)）]|\s{0,9}(?:\n|$)))"
)
_LONGEST_TEXT = 20_000


def judge(question: str, prediction: str, reference: str, subject: str = "", prompt: str | None = None) -> Verdict:
    """Judge one choice.

    The first naming of an option counts: what comes after it is decoding that did not stop. Nothing is guessed.

    Args:
        question: question and options, as the prompt shows them.
        prediction: what the model wrote; it may repeat the prompt.
        reference: the corpus' output, or the letter alone.
        subject: the question's subject.
        prompt: the text the model was given, where it is known.

    Raises:
        InputError: the reference names no option.
    """
    truth = reference_letter(reference)
    answer = without_echo(prediction, question, prompt)[:_LONGEST_TEXT]
    if not answer.strip():
        return refused(subject, RULES, truth, "empty")
    marker, letter = _named(answer)
    if not letter:
        return refused(subject, RULES, truth, "unparsable")
    right = letter == truth
    return Verdict(subject, {"phrase": right and marker == "phrase", "letter": right}, marker, letter, truth)


def reference_letter(reference: str) -> str:
    """Return the letter that a reference names; InputError where it names none."""
    match = _PHRASE.search(reference) or re.fullmatch(r"\s*([A-D])\s*\.?\s*", reference)
    if match is None:
        raise InputError(f"reference {reference[:60]!r} names no option; expected 'The right option is A.' or a letter")
    return match[1]


def _named(answer: str) -> tuple[str, str]:
    if match := _PHRASE.search(answer):
        return "phrase", match[1]
    if match := _OTHER_PHRASE.search(answer):
        letter = next(group for group in match.groups() if group)
        return ("other phrase", letter) if letter.isupper() else ("", "")
    if match := _BARE.match(answer):
        return "bare letter", match[1] or match[2]
    return "", ""

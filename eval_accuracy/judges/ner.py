"""The judge of marked texts: micro F1 of the entities, exact in place and type, as GuNER2023 counts them."""

from __future__ import annotations

from core.errors import InputError
from core.text.markup import parse
from core.text.records import Record
from eval_accuracy.judges import Answer, Judge, subject
from eval_accuracy.judges.verdict import Verdict

_SHOWN = 400


class Ner(Judge):
    """Places an answer's marks in the question's text by alignment, and compares them with the reference's.

    A mean of the scores, weighted by the number of spans of both, is the micro F1 2 · common / (found + expected).
    `verbatim_f1` counts a line only where the answer is the text itself with well-formed marks: what the organiser's
    scorer would take as it is.
    """

    rules = ("entity_f1", "verbatim_f1")
    binary = False
    tasks = ("ner",)

    def decide(self, record: Record, answer: Answer) -> Verdict:
        """See `Judge`."""
        from core.text.alignment import aligned

        text = answer.text
        if answer.prompt and text.startswith(answer.prompt):
            text = text[len(answer.prompt) :]
        found = aligned(record.question, text)
        expected = set(parse(record.answer).spans)
        common = len(expected.intersection(found.line.spans))
        weight = len(expected) + len(found.line.spans)
        is_empty = not text.strip()
        # Where nothing is to be found and nothing was, the line is right and weighs nothing.
        score = 2 * common / weight if weight else float(not is_empty)
        return Verdict(
            type=subject(record),
            rules={"entity_f1": score, "verbatim_f1": score if found.verbatim else 0.0},
            marker="marks" if found.line.spans else "",
            span=text.strip()[:_SHOWN],
            reference=record.answer,
            reason="empty" if is_empty else "",
            error="" if score == 1 else _difference(common, len(found.line.spans), len(expected)),
            weight=float(weight),
        )

    def check_reference(self, record: Record) -> None:
        """See `Judge`."""
        where = record.source or record.id
        try:
            marked = parse(record.answer)
        except InputError as error:
            raise InputError(f"{where}: the reference is no marked text: {error}") from None
        if marked.text != record.question:
            raise InputError(f"{where}: the reference is not the question with marks")


def _difference(common: int, found: int, expected: int) -> str:
    if common == expected:
        return "marks too many"
    return "marks missing" if common == found else "other marks"


JUDGE = Ner()

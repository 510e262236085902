"""SQuAD as rows, as the hub has it: {"id": …, "context": …, "question": …, "answers": {"text": […], …}}."""

from __future__ import annotations

from typing import Any, ClassVar

from core.errors import InputError
from core.text.records import Record
from core.untrusted import JSON_LINE, load_json
from data_convert.readers.bad import Fault
from data_convert.readers.fields import text_field
from data_convert.readers.formats import Example, JsonFormat

_PASSAGES = ("context", "passage")


class SquadRows(JsonFormat):
    """A passage, a question and its answers: texts, objects with a text, or one text; none: it has no answer."""

    order = 44  # before the pairs of question and answer, which know no passage
    described = "SQuAD's context/question/answers"
    example: ClassVar[Example] = Example(
        "squad.jsonl",
        '{"id": "a", "title": "t", "context": "Ann came first.", "question": "Who came first?", '
        '"answers": {"text": ["Ann", "Ann came"], "answer_start": [0, 0]}}\n'
        '{"id": "b", "title": "t", "context": "Ann came first.", "question": "Who came last?", '
        '"answers": {"text": [], "answer_start": []}}\n',
        (
            Record(
                "a",
                "squad",
                "Who came first?",
                "Ann",
                "squad.jsonl:1",
                {"passage": "Ann came first.", "answers": ["Ann", "Ann came"]},
            ),
            Record("b", "squad", "Who came last?", "", "squad.jsonl:2", {"passage": "Ann came first.", "answers": []}),
        ),
    )

    def recognises(self, row: dict[str, Any]) -> bool:
        """See `JsonFormat`."""
        # A record of the kit has its passage in meta.
        return "question" in row and "task" not in row and any(name in row for name in _PASSAGES)

    def record(self, row: dict[str, Any], identity: str, where: str, task: str | None) -> Record:
        """See `JsonFormat`."""
        if task not in (None, "squad"):
            raise Fault(f"a question about a passage, of task 'squad', not {task!r}")
        passage = text_field(row, next((name for name in _PASSAGES if name in row), _PASSAGES[0]))
        answers = [] if row.get("is_impossible") is True else _answers(row)
        given = row.get("id")
        name = str(given) if isinstance(given, (str, int)) and str(given).strip() else identity
        meta = {"passage": passage, "answers": answers}
        return Record(name, "squad", text_field(row, "question"), answers[0] if answers else "", where, meta)


def _answers(row: dict[str, Any]) -> list[str]:
    """Return all reference answers of a row; Fault where there is no field that could hold them."""
    if "answers" not in row:
        return [text_field(row, "answer")]
    found = row["answers"]
    if isinstance(found, str) and found.lstrip().startswith("{"):
        found = _unpacked(found)
    if isinstance(found, dict):
        found = found.get("text")
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list):
        raise Fault("field 'answers' holds no list of texts")
    texts = [one.get("text") if isinstance(one, dict) else one for one in found]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise Fault("field 'answers' has one without text")
    return list(map(str, texts))


def _unpacked(text: str) -> Any:
    """Return the answers of a table's cell, which holds them as JSON; Fault where it holds something else."""
    try:
        return load_json(text, "answers", JSON_LINE)
    except InputError:
        raise Fault(
            "field 'answers' is an object as a program prints it, no JSON; save the table as JSON Lines or Parquet"
        ) from None


FORMAT = SquadRows()

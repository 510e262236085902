"""Multiple choice in CSV files: what MMLU with and without a header row, CMMLU and C-Eval have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

from core.errors import InputError
from core.streams import printable
from core.tasks import choice as choice_text
from core.tasks.choice import LETTERS
from core.text.records import Record
from data_convert.readers.bad import Fault, OnBad, bad_record
from data_convert.readers.csv_text import DELIMITERS, Row, csv_rows
from data_convert.readers.formats import HEAD, FileFormat, FileHead
from data_convert.readers.question_answer import QuestionAnswer, record_of

HEADER_AGAIN = "the header row again, as where files were joined; delete it"
_SPLITS = ("dev", "val", "valid", "validation", "test", "train", "auxiliary_train")
_SUFFIXES = ("_dev", "_test", "_val", "_train")
_OPTIONS = (("a", "b", "c", "d"), ("choice0", "choice1", "choice2", "choice3"))


class Columns(NamedTuple):
    """Which column of a file holds what, numbered from 0; None where there is none.

    Attributes:
        width: the number of columns.
        by_number: the options are named 0 to 3, and so may answers.
        twice: the first of these columns that appears twice; "" for none.
    """

    width: int
    question: int
    options: tuple[int, ...]
    answer: int | None
    explanation: int | None = None
    by_number: bool = False
    twice: str = ""


# The original MMLU files have no header row.
_HEADERLESS = Columns(6, 0, (1, 2, 3, 4), 5)


def columns_of(cells: Sequence[str]) -> Columns | None:
    """Read a header row; None where the row is none: it names no question and no four options."""
    names = [cell.strip().lower() for cell in cells]
    options = next((group for group in _OPTIONS if set(group) <= set(names)), None)
    if "question" not in names or options is None:
        return None

    def place(name: str) -> int | None:
        return names.index(name) if name in names else None

    twice = next((name for name in ("question", *options, "answer") if names.count(name) > 1), "")
    return Columns(
        len(names),
        names.index("question"),
        tuple(map(names.index, options)),
        place("answer"),
        place("explanation"),
        options == _OPTIONS[1],
        twice,
    )


def looks_like_choices(row: Row) -> bool:
    """Tell whether a file's first row is a header of multiple choice, or a question of the headerless MMLU."""
    if row.fault:
        return False
    return columns_of(row.cells) is not None or (len(row.cells) == 6 and row.cells[5].strip() in tuple(LETTERS))


def first_row(head: FileHead) -> Row | None:
    """Return the first row of a file in which anything stands, its cells parted as `delimiter_of` says."""
    return next(csv_rows(BytesIO(head.start), delimiter_of(head.start)), None)


def delimiter_of(start: bytes) -> str:
    """Return what parts the cells of a file of multiple choice: a comma, or what else makes sense of its first row."""
    return next(
        (
            delimiter
            for delimiter in DELIMITERS
            if (row := next(csv_rows(BytesIO(start), delimiter), None)) is not None and looks_like_choices(row)
        ),
        DELIMITERS[0],
    )


class CsvChoices(FileFormat):
    """A format of multiple choice in CSV files, alone or in a folder.

    Attributes:
        need_header: a file without a header row is an error.
    """

    suffixes = (".csv", ".tsv")
    need_header: ClassVar[bool] = False

    def records(self, stream: BinaryIO, path: Path, prefix: str, task: str | None, on_bad: OnBad) -> Iterator[Record]:
        """See `FileFormat`."""
        return csv_records(stream, path, prefix, task or "choice", self.need_header, on_bad)


def csv_records(
    stream: BinaryIO, path: Path, prefix: str, task: str, need_header: bool, on_bad: OnBad
) -> Iterator[Record]:
    """Yield the questions of a CSV file, in the texts of the stage-2 corpus.

    Args:
        stream: the file.
        path: its name, which is the subject and, as its end (_dev, _test, _val) or its folder's name, the split.
        prefix: what goes before the row's number, from 0, in a record's id.
        task: of the records.
        need_header: a file without a header row is an error.
        on_bad: takes each row that cannot be read, and once a file without answers.

    Raises:
        InputError: the header row is missing though needed, or names a column twice.
    """
    start = stream.read(HEAD)
    stream.seek(0)
    rows = csv_rows(stream, delimiter_of(start))
    row = next(rows, None)
    if row is None:
        return
    columns = None if row.fault else columns_of(row.cells)
    if columns is not None and columns.twice:
        raise InputError(f"{path}:{row.first}: duplicate column {columns.twice!r} in the header row")
    subject, split = _named(path)
    header = None if columns is None else row.cells
    if columns is not None and columns.answer is None:
        left = sum(1 for _ in rows)
        reason = f"no column 'answer' (C-Eval publishes its test split like this); {left} questions left out"
        on_bad(bad_record(str(path), reason, row.text)._replace(records=left, expected=split == "test"))
        return
    if columns is None and need_header:
        raise InputError(f"{path}:{row.first}: no header row with Question, A, B, C, D and Answer")
    if columns is None and not row.fault and 1 < len(row.cells) < _HEADERLESS.width:
        raise InputError(
            f"{path}:{row.first}: the columns {', '.join(map(repr, row.cells[:8]))} are neither those of a record nor "
            "multiple choice; name them with data.fields={question: NAME, answer: NAME}"
        )
    meta = {"subject": subject, "split": split} if split else {"subject": subject}
    questions = chain([row], rows) if columns is None else rows
    for number, row in enumerate(questions):
        where = f"{path}:{row.first}"
        try:
            if row.cells == header:
                raise Fault(HEADER_AGAIN)
            yield record_of(_choice(row, columns or _HEADERLESS, meta), task, f"{prefix}{number}", where)
        except Fault as fault:
            lines = f" (lines {row.first} to {row.last})" if row.last > row.first else ""
            on_bad(bad_record(where, f"{fault}{lines}", row.text))


def _named(path: Path) -> tuple[str, str]:
    """Return the subject and the split ("" for none) that a file's name and folder tell."""
    stem, split = path.stem, path.parent.name if path.parent.name in _SPLITS else ""
    for suffix in _SUFFIXES:
        if stem.endswith(suffix):
            stem, split = stem.removesuffix(suffix), suffix[1:]
    return printable(stem).replace("_", " "), split


def _choice(row: Row, columns: Columns, shared: dict[str, str]) -> QuestionAnswer:
    if row.fault:
        raise Fault(row.fault)
    cells = row.cells
    if len(cells) != columns.width:
        raise Fault(f"{len(cells)} columns, expected {columns.width}")
    options = [cells[at] for at in columns.options]
    if not cells[columns.question].strip():
        raise Fault("question is empty")
    for letter, option in zip(LETTERS, options, strict=True):
        if not option.strip():
            raise Fault(f"option {letter} is empty")
    assert columns.answer is not None
    letter = _letter(cells[columns.answer].strip(), columns.by_number)
    meta = dict(shared)
    if columns.explanation is not None and cells[columns.explanation].strip():
        meta["explanation"] = cells[columns.explanation]
    question = choice_text.question(cells[columns.question], options)
    return QuestionAnswer(choice_text.instruction(meta["subject"]), question, choice_text.answer(letter), meta)


def _letter(answer: str, by_number: bool) -> str:
    if by_number and answer in tuple("0123"):
        return LETTERS[int(answer)]
    if answer.upper() in tuple(LETTERS):
        return answer.upper()
    if not answer:
        raise Fault("no answer")
    raise Fault(f"answer {answer[:40]!r} is not one of A, B, C, D" + (" or 0 to 3" if by_number else ""))

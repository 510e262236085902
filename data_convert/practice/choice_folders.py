"""Practice multiple choice as folders of CSV files, in the forms of MMLU, CMMLU and C-Eval."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path

from core.errors import InputError
from core.files import fresh, make_folder, move, remove_folder
from core.progress import track
from data_convert.practice.choice_item import Choice
from data_convert.practice.contest_choice import choice
from data_convert.practice.distinct import distinct
from data_convert.practice.knowledge import load, sources

_DEV_ROWS = 5


@dataclass(frozen=True)
class Layout:
    """How a benchmark lays out its files.

    Attributes:
        language: of its questions.
        split: the folder of the questions that are asked; the examples are in `dev`.
        name: of a file, with {subject} and {split}.
        rows: questions in the whole benchmark's `split`.
        header: the first row; none where empty.
        index: whether the rows are numbered in their first column.
        explained: whether the examples have an explanation in their last column.
    """

    language: str
    split: str
    name: str
    rows: int
    header: tuple[str, ...] = ()
    index: bool = True
    explained: bool = False


LAYOUTS = {
    "mmlu": Layout("en", "test", "{subject}_{split}.csv", 14_042, index=False),
    "cmmlu": Layout("zh", "test", "{subject}.csv", 11_582, ("", "Question", "A", "B", "C", "D", "Answer")),
    "ceval": Layout(
        "zh", "val", "{subject}_{split}.csv", 1_346, ("id", "question", "A", "B", "C", "D", "answer"), explained=True
    ),
}


def subjects(benchmark: str) -> dict[str, str]:
    """Return the benchmark's subjects in alphabetical order, each with the kit's subject that fills its file."""
    groups: dict[str, list[str]] = load("benchmarks.yaml")[benchmark]
    return dict(sorted((name, filled_with) for filled_with, names in groups.items() for name in names))


def write_folder(benchmark: str, folder: Path, count: int, seed: int) -> int:
    """Write a benchmark's folder: five examples a subject in dev/, and `count` questions spread over the subjects.

    The folder appears when it is whole.

    Args:
        benchmark: a name of `LAYOUTS`.
        folder: a path where nothing is yet.
        count: number of questions, examples not counted; at least one a subject.
        seed: of the draws.

    Returns:
        The number of rows written, examples included.

    Raises:
        InputError: the folder exists, or `count` is too small or too large.
    """
    layout, names = LAYOUTS[benchmark], subjects(benchmark)
    if folder.exists():
        raise InputError(f"{folder} exists: remove it, or name another folder with --out")
    if count < len(names):
        raise InputError(f"--records {count}: {benchmark} has {len(names)} subjects, each needs at least one question")
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    rows = 0
    try:
        for split in ("dev", layout.split):
            make_folder(partial / split)
        for number, (name, filled_with) in enumerate(track(names.items(), benchmark, len(names), "subjects")):
            here = count // len(names) + (number < count % len(names))
            drawn = _drawn(filled_with, layout.language, random.Random(f"{benchmark}:{name}:{seed}"))
            rows += _write(partial, layout, name, "dev", islice(drawn, _DEV_ROWS))
            rows += _write(partial, layout, name, layout.split, islice(drawn, here))
        move(partial, folder)
    finally:
        remove_folder(partial)
    return rows


def _drawn(subject: str, language: str, rng: random.Random) -> Iterator[Choice]:
    matching = [source for source in sources(language) if source.subject == subject]
    return distinct((choice(rng.choice(matching), rng) for _ in repeat(None)), lambda item: item.text)


def _write(folder: Path, layout: Layout, subject: str, split: str, choices: Iterator[Choice]) -> int:
    path = folder / split / layout.name.format(subject=subject, split=split)
    explained = layout.explained and split == "dev"
    number = -1
    with io.TextIOWrapper(fresh(path), encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        if layout.header:
            table.writerow((*layout.header, "explanation") if explained else layout.header)
        for number, item in enumerate(choices):
            row = [item.question, *item.options, item.letter]
            explanation = [f"正确答案是“{item.value}”。"] if explained else []
            table.writerow([number, *row, *explanation] if layout.index else row)
    return number + 1

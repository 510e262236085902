"""Validation records: held out by seed after cleaning and sampling, none of their questions trained on, all counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.audit import validation_rows
from core.config import load_contest
from core.errors import InputError
from core.files import read_jsonl
from core.run_folder import RunFolder
from core.text.records import Record, read_records
from data_convert.conversion.audit_table import table
from data_convert.conversion.convert import convert
from data_convert.corpus.corpora import corpus_size
from data_convert.corpus.record_store import Lines, RecordStore
from data_convert.corpus.validation import hold_out_validation
from data_convert.mindrecord import MindRecordReader
from data_convert.practice import math
from data_convert.selection.keys import earlier_keys, question_keys

Rows = Sequence[dict[str, Any]]


def problems(count: int, seed: int = 7) -> list[dict[str, Any]]:
    return [{"problem": record.question, "solution": record.answer} for record in math.records(count, seed)]


def converted(folder: Path, rows: Rows | None, *settings: str) -> tuple[RunFolder, dict[str, Any]]:
    words = ["data.retention_records=20", "data.squad_records=5", "data.test_records=10", *settings]
    if rows is not None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "train.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        words.append(f"data.train={file}")
    run = RunFolder(folder / "run")
    return run, convert(load_contest("practice_math", words), run)


def records(run: RunFolder, name: str) -> list[Record]:
    return list(read_records(run.data / f"{name}.jsonl"))


def asked(of: Sequence[Record]) -> set[bytes]:
    """Return the keys of all questions that records ask, in earlier rounds too."""
    keys = {row.tobytes() for row in question_keys(of)}
    return keys | {row.tobytes() for record in of for row in earlier_keys(record)}


@pytest.mark.parametrize("made", [False, True])
def test_records_in_are_records_out_and_no_question_is_on_both_sides(tmp_path: Path, made: bool) -> None:
    rows = None if made else problems(300)
    settings = ["data.records=300"] if made else []
    run, audit = converted(tmp_path, rows, "data.validation_records=40", *settings)
    counts, held = audit["corpus"], audit["validation"]
    assert counts["validation"] == held["records"] == held["converted"] == len(records(run, "validation")) == 40
    out = counts["validation"] + counts["validation_alike"] + counts.get("held_out", 0) + counts["trained"]
    assert counts["read"] == out == 300
    assert audit["converted"] == counts["trained"] + counts["retention"]
    train, validation = records(run, "train"), records(run, "validation")
    assert len({record.id for record in validation}) == 40
    assert not asked(train) & asked(validation)
    assert not asked(records(run, "test")) & asked(validation)
    (file,) = run.validation.glob("*.mindrecord")
    with MindRecordReader(file) as reader:
        assert len(reader) == held["rows"] == validation_rows(run.audit) == 40
        learned = sum(int((reader[number]["labels"] != -100).sum()) for number in range(40))
    assert learned == held["answer_tokens"]
    shown = " ".join(table(audit).split())
    assert "- validation (data.validation_records) 40" in shown
    assert "validation rows, not trained on 40" in shown


def test_without_them_nothing_is_written_and_nothing_else_changes(tmp_path: Path) -> None:
    run, audit = converted(tmp_path, problems(60))
    assert "validation" not in audit
    assert "validation" not in audit["corpus"]
    assert "validation" not in table(audit)
    assert not run.validation.exists()
    assert not (run.data / "validation.jsonl").exists()


def test_the_same_seed_draws_the_same_whatever_the_order(tmp_path: Path) -> None:
    rows = problems(200)
    drawn = []
    for number, (order, seed) in enumerate([(rows, 1), (rows[::-1], 1), (rows, 2)]):
        run, _ = converted(tmp_path / str(number), order, "data.validation_records=30", f"data.seed={seed}")
        drawn.append(sorted(record.question for record in records(run, "validation")))
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_repeated_records_leave_with_their_question(tmp_path: Path) -> None:
    quota = "data.quotas={'*': 100}"
    run, audit = converted(tmp_path, problems(100), quota, "data.validation_records=15")
    counts = audit["corpus"]
    train, validation = records(run, "train"), records(run, "validation")
    assert counts["repeated"] > 0
    assert len({record.id for record in validation}) == len(validation) == 15
    assert not asked(train) & asked(validation)
    read = counts["held_out"] + counts["left_out"] + counts["validation"] + counts["validation_alike"]
    assert counts["read"] == read + counts["trained"] - counts["repeated"]


def test_a_question_in_several_records_is_held_out_with_all_of_them(tmp_path: Path) -> None:
    rows = problems(80)
    # The same problem and result, worked otherwise: no duplicate, and no other answer either.
    rows += [{**row, "solution": f"{row['solution']}  "} for row in rows]
    _, audit = converted(tmp_path, rows, "data.dedup=none", "data.validation_records=20")
    counts = audit["corpus"]
    assert counts["validation"] == 20
    assert counts["validation_alike"] == 20


def test_earlier_rounds_of_a_conversation_are_questions_too(tmp_path: Path) -> None:
    asks = [f"What is thing number {number} called?" for number in range(60)]
    history = [{"history": [{"question": ask, "answer": "A name."}]} for ask in asks]
    talks = [Record(f"t{at}", "math", f"And twin {at}?", "A twin.", "", history[at]) for at in range(40)]
    alone = [Record(f"a{at}", "math", ask, "A name.", "", {}) for at, ask in enumerate(asks)]
    data = load_contest("practice_math", ["data.validation_records=25"]).data
    with RecordStore(tmp_path / "records") as store:
        lines = Lines()
        for record in [*talks, *alone]:
            lines.add(record)
        store.append(lines)
        found = hold_out_validation(store, np.arange(100), data, "the corpus")
        train, held = (list(store.records(numbers.tolist())) for numbers in (found.train, found.records))
    assert len(held) == 25
    assert any("history" in record.meta for record in held)
    assert not asked(train) & asked(held)
    assert found.counts["validation_alike"] == 100 - 25 - len(train) > 0


def test_too_many_are_refused_with_the_number_that_there_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data.validation_records is 500, but its training records ask 90 questions"):
        converted(tmp_path / "a", problems(100), "data.validation_records=500")
    with pytest.raises(InputError, match="ask 90 questions.*at least one has to be left"):
        converted(tmp_path / "b", problems(100), "data.validation_records=90")
    run, audit = converted(tmp_path / "c", problems(100), "data.validation_records=89")
    assert audit["corpus"]["trained"] == 1
    assert len(records(run, "validation")) == 89


def test_the_plan_counts_without_them(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in problems(100)), encoding="utf-8")
    words = ["data.retention_records=0", "data.test_records=10", "data.validation_records=25"]
    config = load_contest("practice_math", [*words, f"data.train={file}"])
    assert corpus_size(config.data, config.task)[0] == 65
    stated = load_contest("practice_math", [*words, "data.records=100"])
    assert corpus_size(stated.data, stated.task)[0] == 75


def test_records_that_are_too_long_are_listed(tmp_path: Path) -> None:
    rows = problems(60)
    rows += [{"problem": f"Say {number} " + "word " * 200, "solution": f"{number}"} for number in range(60)]
    run, audit = converted(tmp_path, rows, "data.validation_records=50", "data.check=false")
    held = audit["validation"]
    assert held["dropped"] > 0
    assert held["records"] == 50 == held["converted"] + held["dropped"]
    reasons = [row["reason"] for _, row in read_jsonl(run.data / "skipped.jsonl")]
    assert len(reasons) == held["dropped"] + audit["overlong"]["dropped"]
    assert "records too long for them (data.overlong)" in table(audit)


def test_packed_rows_hold_several_of_them(tmp_path: Path) -> None:
    _, audit = converted(tmp_path, problems(100), "data.validation_records=40", "data.packing=true")
    assert audit["validation"]["converted"] == 40
    assert audit["validation"]["rows"] < 40

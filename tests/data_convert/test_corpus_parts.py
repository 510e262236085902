"""A corpus of several files in a run: weights, fields, encodings, counts by file, and what makes a step stale."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import load_contest
from core.errors import InputError
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.sources import Hashes
from core.steps import step_named
from core.text.records import read_records
from data_convert.conversion.audit_table import table
from data_convert.conversion.convert import convert
from data_convert.corpus.inputs import check_inputs
from data_convert.rows.shown_rows import sources_of


def sums(path: Path, plus: int, count: int, encoding: str = "utf-8") -> Path:
    """Write `count` problems n + plus, which no other `plus` has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"problem": f"计算 {n} + {plus} 等于多少？", "solution": f"{n} + {plus} = {n + plus}"} for n in range(count)
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding=encoding)
    return path


def settings(*more: str) -> RunConfig:
    small = ["data.retention_records=0", "data.squad_records=20", "data.test_records=1"]
    return load_contest("practice_math", [*small, *more])


def converted(folder: Path, *more: str) -> tuple[dict[str, Any], Counter[str]]:
    """Convert; return the audit, and how often records of each file are trained on."""
    run = RunFolder(folder)
    audit = convert(settings(*more), run, 1)
    trained = read_records_of(run)
    assert len(trained) == audit["corpus"]["trained"] == audit["converted"]
    return audit, Counter(Path(source.rpartition(":")[0]).name for source in trained)


def read_records_of(run: RunFolder) -> list[str]:
    lines = (run.data / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["source"] for line in lines]


def test_weights_by_file(tmp_path: Path) -> None:
    a, b, c = (sums(tmp_path / f"{name}.jsonl", plus, 40) for name, plus in (("a", 1), ("b", 2), ("c", 3)))
    parts = f"data.train=[{{path: {a}, weight: 2}}, {b}, {{path: {c}, weight: 0.5}}]"
    audit, trained = converted(tmp_path / "run", parts)
    by_file = {Path(file["path"]).name: file for file in audit["corpus"]["files"]}
    # One question is held out, of whichever file.
    left = {
        name: 40 - sum(r.source.startswith(file["path"]) for r in read_records(tmp_path / "run/data/test.jsonl"))
        for name, file in by_file.items()
    }
    assert trained == {
        "a.jsonl": 2 * left["a.jsonl"],
        "b.jsonl": left["b.jsonl"],
        "c.jsonl": (left["c.jsonl"] + 1) // 2,
    }
    for name, file in by_file.items():
        assert (file["records"], file["read"], file["bad"]) == (40, 40, 0)
        assert file["trained"] == trained[name]
    counts = audit["corpus"]
    taken_off = counts["held_out"] + counts["weighed_out"]
    assert counts["read"] - taken_off + counts["repeated"] == counts["trained"]
    shown = table(audit)
    assert "left out by weight (data.train)" in shown
    assert "repeated (weight, data.quotas)" in shown
    assert "(weight 0.5)" in shown


@pytest.mark.parametrize("weight", [0.1, 1, 1.25, 3, 2.9])
def test_a_weight_takes_its_share_to_the_record(tmp_path: Path, weight: float) -> None:
    a, b = sums(tmp_path / "a.jsonl", 1, 40), sums(tmp_path / "b.jsonl", 2, 1)
    test = sums(tmp_path / "test.jsonl", 9, 3)
    _, trained = converted(tmp_path / "run", f"data.train=[{{path: {a}, weight: {weight}}}, {b}]", f"data.test={test}")
    assert trained == {"a.jsonl": int(40 * weight + 0.5), "b.jsonl": 1}


def test_a_share_is_drawn_by_seed_and_not_the_first(tmp_path: Path) -> None:
    a, test = sums(tmp_path / "a.jsonl", 1, 60), sums(tmp_path / "test.jsonl", 9, 3)
    found = []
    for number, seed in enumerate((1, 1, 2)):
        run = RunFolder(tmp_path / str(number))
        convert(settings(f"data.train={{path: {a}, weight: 0.5}}", f"data.test={test}", f"data.seed={seed}"), run, 1)
        found.append(sorted(read_records_of(run)))
    assert found[0] == found[1] != found[2]
    assert sorted(int(source.rpartition(":")[2]) for source in found[0]) != list(range(1, 31))


def test_duplicates_go_before_weights_and_quotas_after(tmp_path: Path) -> None:
    a, b = sums(tmp_path / "a.jsonl", 1, 20), sums(tmp_path / "b.jsonl", 1, 30)
    test = sums(tmp_path / "test.jsonl", 9, 3)
    parts = [f"data.train=[{a}, {{path: {b}, weight: 4}}]", f"data.test={test}"]
    audit, trained = converted(tmp_path / "run", *parts)
    assert audit["corpus"]["duplicates"] == 20
    assert trained == {"a.jsonl": 20, "b.jsonl": 40}
    _, few = converted(tmp_path / "few", *parts, "data.max_records=30")
    assert few.total() == 30


def test_several_files_of_several_kinds_are_counted_by_file(tmp_path: Path) -> None:
    sums(tmp_path / "d" / "gbk.jsonl", 1, 30, "gbk")
    sums(tmp_path / "d" / "sub" / "utf8.jsonl", 2, 30)
    broken = tmp_path / "d" / "broken.jsonl"
    broken.write_text('{"problem": \n{"problem": "x"}\n', encoding="utf-8")
    asked = [{"ask": f"Ann has {n} carps and sells 2. How many has she?", "reply": n - 2} for n in range(3, 23)]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(asked), encoding="utf-8")
    (tmp_path / "d" / "README.md").write_text("about", encoding="utf-8")
    audit, _ = converted(
        tmp_path / "run",
        f"data.train=[{tmp_path / 'd'}, {other}]",
        "data.fields={question: ask, answer: reply}",
        "data.max_bad=2",
    )
    counts = audit["corpus"]
    rows = {Path(file["path"]).name: file for file in counts["files"]}
    assert {name: (row["records"], row["bad"], row["encoding"]) for name, row in rows.items()} == {
        "broken.jsonl": (2, 2, "utf-8"),
        "gbk.jsonl": (30, 0, "gb18030"),
        "utf8.jsonl": (30, 0, "utf-8"),
        "other.json": (20, 0, "utf-8"),
    }
    assert sum(row["records"] for row in rows.values()) == counts["read"] + counts["bad"]
    assert sum(row["trained"] for row in rows.values()) == counts["trained"]
    assert len(audit["listed"]) == 2
    assert "gbk.jsonl" in table(audit)
    assert "(gb18030)" in table(audit)
    assert f"not read: {tmp_path}/d/README.md: no format reads such files" in table(audit)


def test_the_audit_of_one_plain_file_needs_no_table_of_files(tmp_path: Path) -> None:
    audit, _ = converted(tmp_path / "run", f"data.train={sums(tmp_path / 'a.jsonl', 1, 30)}")
    assert len(audit["corpus"]["files"]) == 1
    assert "unreadable" not in table(audit)


def test_words_for_no_input_are_counted(tmp_path: Path) -> None:
    a = sums(tmp_path / "a.jsonl", 1, 30)
    rows = [
        {"instruction": f"计算 {n} + 5 等于多少？", "input": word, "output": f"{n} + 5 = {n + 5}"}
        for n, word in enumerate(["<noinput>", "nan", "nan", ""])
    ]
    b = tmp_path / "b.json"
    b.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    audit, trained = converted(
        tmp_path / "run", f"data.train=[{a}, {b}]", f"data.test={sums(tmp_path / 't.jsonl', 9, 3)}"
    )
    assert audit["corpus"]["no_input"] == {"<noinput>": 1, "nan": 2}
    assert trained["b.json"] == 4
    assert re.search("a word for no input, read as none +3\n", table(audit))


@pytest.mark.parametrize("answers", [["2"], ["2", "3"]])
def test_a_corpus_that_leaves_no_question_to_ask_is_refused_before_work(tmp_path: Path, answers: list[str]) -> None:
    file = tmp_path / "one.jsonl"
    rows = [{"problem": f"What is {n} + 1?", "solution": answer} for n in range(len(answers)) for answer in answers]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = RunFolder(tmp_path / "run")
    with pytest.raises(
        InputError, match="no question can be held out to measure accuracy on.*data.test=FILE"
    ) as caught:
        convert(settings(f"data.train={file}"), run, 1)
    assert ("ask one question only" in str(caught.value)) == (len(answers) == 1)
    assert not (run.data / "test.jsonl").exists()
    # A contest that measures no accuracy needs none.
    convert(settings(f"data.train={file}").model_copy(update={"steps": ("convert", "train", "merge")}), run, 1)
    assert read_records(run.data / "test.jsonl") == []


def test_all_files_of_a_corpus_and_its_settings_decide_a_conversion(tmp_path: Path) -> None:
    a, b = sums(tmp_path / "a.jsonl", 1, 30), sums(tmp_path / "d" / "deep" / "b.jsonl", 2, 30)
    (tmp_path / "d" / "linked").symlink_to(tmp_path / "far")
    far = sums(tmp_path / "far" / "c.jsonl", 3, 30)
    train = f"data.train=[{a}, {tmp_path / 'd'}]"

    def hashed(*more: str) -> str:
        source = step_named("convert").sources(settings(train, *more))["data.train"]
        assert len(source.files) == 3
        return Hashes(tmp_path / "sources.json").of_source(source)

    before = hashed()
    assert hashed() == before
    for file in (a, b, far):
        content = file.read_bytes()
        file.write_bytes(content + b"\n")
        assert hashed() != before, f"{file} decides what is trained on"
        file.write_bytes(content)
    assert hashed() == before
    one = {
        path: convert(settings(path), RunFolder(tmp_path / str(n)), 1)
        for n, path in enumerate((train, f"data.train={a}"))
    }
    assert len({audit["sources"]["data.train"] for audit in one.values()}) == 2


def test_another_weight_is_another_run_and_makes_other_shards(tmp_path: Path) -> None:
    a = sums(tmp_path / "a.jsonl", 1, 30)
    run = RunFolder(tmp_path / "run")
    first = convert(settings(f"data.train={{path: {a}, weight: 1}}"), run, 1)
    second = convert(settings(f"data.train={{path: {a}, weight: 2}}"), run, 1)
    assert second["converted"] == 2 * first["converted"]
    assert first["mindrecord"] != second["mindrecord"]


@pytest.mark.parametrize("given", ["gone.json", "[a.jsonl, gone.json]", "'gone*.json'", "{path: gone, weight: 2}"])
def test_a_part_that_is_missing_is_named_before_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    sums(Path("a.jsonl"), 1, 30)
    with pytest.raises(InputError, match="data.train: .*gone.* is not a file"):
        check_inputs(settings(f"data.train={given}"), conversion_only=True)


def test_show_tells_where_a_row_comes_from(tmp_path: Path) -> None:
    a = sums(tmp_path / "a.jsonl", 1, 30)
    run = RunFolder(tmp_path / "run")
    convert(settings(f"data.train={a}"), run, 1)
    run.settings_file.write_text("", encoding="utf-8")
    assert [sources_of(run.path, range(4))[at] for at in range(4)] == read_records_of(run)[:4]
    assert sources_of(tmp_path, range(4)) == {}


def test_weighed_numbers_are_plain_integers_in_the_audit(tmp_path: Path) -> None:
    a = sums(tmp_path / "a.jsonl", 1, 30)
    audit = convert(settings(f"data.train={{path: {a}, weight: 0.5}}"), RunFolder(tmp_path / "run"), 1)
    assert json.loads(json.dumps(audit["corpus"])) == audit["corpus"]
    assert not any(isinstance(value, np.integer) for file in audit["corpus"]["files"] for value in file.values())

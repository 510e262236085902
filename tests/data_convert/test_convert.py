"""The conversion of a run: nothing lost silently, the same bytes whoever writes them, kept across kills."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audit import converted_columns, filling
from core.config import load_contest
from core.errors import InputError
from core.files import read_jsonl, sha256_file
from core.places import ROOT
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.text.records import read_records
from data_convert.conversion.audit_table import table
from data_convert.conversion.convert import convert
from data_convert.mindrecord import MindRecordReader
from data_convert.practice import math
from data_convert.rows.mindrecord_shards import shard_name
from data_convert.rows.rows import IGNORED


def corpus(path: Path, count: int, seed: int = 7) -> Path:
    """Write `count` distinct practice problems in the contest's format."""
    records = math.records(count, seed)
    rows = (json.dumps({"problem": r.question, "solution": r.answer}, ensure_ascii=False) for r in records)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def settings(train: Path, *more: str) -> RunConfig:
    return load_contest(
        "practice_math", [f"data.train={train}", "data.retention_records=0", "data.squad_records=20", *more]
    )


def files(run: RunFolder) -> dict[str, str]:
    """Every file of a run's data folder with its hash; of an index its rows, for sqlite numbers its own changes."""
    found = {}
    for file in sorted(run.data.rglob("*")):
        if file.is_file() and file.name != "audit.json":
            found[str(file.relative_to(run.data))] = sha256_file(file)
    return found


def rows_of(run: RunFolder) -> list[tuple[list[int], list[int]]]:
    found = []
    for file in sorted((run.data / "mindrecord").glob("*.mindrecord")):
        with MindRecordReader(file) as reader:
            found += [(reader[i]["input_ids"].tolist(), reader[i]["labels"].tolist()) for i in range(len(reader))]
    return found


def test_every_record_is_accounted_for(tmp_path: Path) -> None:
    train = corpus(tmp_path / "train.jsonl", 300)
    lines = train.read_text(encoding="utf-8").splitlines()
    wrong = json.loads(lines[5])
    wrong["solution"] = "1 + 1 = 3"
    long = {"problem": "Say " + "word " * 200, "solution": "\\boxed{1}"}
    lines += [lines[0], lines[1], "{", json.dumps(wrong), json.dumps(long)]
    train.write_text("\n".join(lines), encoding="utf-8")
    run = RunFolder(tmp_path / "run")
    audit = convert(settings(train, "data.max_bad=1", "data.test_records=20", "data.seed=3"), run)
    counts = audit["corpus"]
    assert counts["read"] + counts["bad"] == 305
    assert counts["bad"] == 1
    assert counts["duplicates"] == 2
    assert counts["wrong"] == audit["solutions"]["verdicts"]["wrong"] == 1
    assert counts["conflicting_answers"] == 2, "the wrong solution and the right one of the same question"
    assert counts["trained"] == counts["read"] - counts["duplicates"] - counts["held_out"] - counts["left_out"]
    assert audit["records"] == counts["trained"] == audit["converted"] + audit["overlong"]["dropped"]
    skipped = [row for _, row in read_jsonl(run.data / "skipped.jsonl")]
    assert [row["where"] for row in skipped if "tokens" not in row["reason"]] == [f"{train}:303"]
    trained, test = read_records(run.data / "train.jsonl"), read_records(run.data / "test.jsonl")
    assert len(trained) == audit["records"]
    assert len(test) == audit["test"] == 20
    assert not {record.question for record in trained} & {record.question for record in test}


def test_rows_hold_the_records_of_train_jsonl_in_order(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    config = settings(corpus(tmp_path / "train.jsonl", 120), "data.shards=3")
    convert(config, run)
    found = rows_of(run)
    trained = read_records(run.data / "train.jsonl")
    assert len(found) == len(trained)
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(ROOT / config.model.tokenizer.file))
    for (_, labels), record in zip(found, trained, strict=True):
        assert pieces.DecodeIds([label for label in labels if label not in (IGNORED, 2)]) == record.answer


@pytest.mark.parametrize("more", [(), ("data.packing=true",)], ids=["one a row", "packed"])
def test_the_number_of_processes_changes_no_byte(tmp_path: Path, more: tuple[str, ...]) -> None:
    config = settings(corpus(tmp_path / "train.jsonl", 500), "data.shards=4", *more)
    runs = [RunFolder(tmp_path / f"run{processes}") for processes in (1, 2, 3)]
    for processes, run in zip((1, 2, 3), runs, strict=True):
        convert(config, run, processes)
    assert files(runs[0]) == files(runs[1]) == files(runs[2])
    assert len([name for name in files(runs[0]) if name.endswith(".mindrecord")]) == 4


def test_packed_rows_hold_the_same_records(tmp_path: Path) -> None:
    train = corpus(tmp_path / "train.jsonl", 200)
    plain, packed = RunFolder(tmp_path / "plain"), RunFolder(tmp_path / "packed")
    one, several = convert(settings(train), plain), convert(settings(train, "data.packing=true"), packed)
    assert several["rows"] < one["rows"] == one["converted"] == several["converted"]
    assert several["padding_share"] < one["padding_share"]
    learned = [Counter(tuple(x for x in labels if x != IGNORED)) for _, labels in rows_of(packed)]
    assert sum(learned, Counter()) == sum(
        (Counter(x for x in labels if x != IGNORED) for _, labels in rows_of(plain)), Counter()
    )


@pytest.mark.parametrize(
    ("more", "columns"),
    [
        ((), ["input_ids", "labels"]),
        (("data.retention_records=5",), ["input_ids", "labels", "segments"]),
        (("prompt.bos=false",), ["input_ids", "labels", "segments"]),
        (("prompt.template='<s>{question}='",), ["input_ids", "labels", "segments"]),
        (("prompt.answer_end='<s>'",), ["input_ids", "labels", "segments"]),
        (("model.bos_token_id=2",), ["input_ids", "labels", "segments"]),
        (("model.bos_token_id=3",), ["input_ids", "labels", "segments"]),
        (("model.bos_token_id=20",), ["input_ids", "labels", "segments"]),
        (("model.pad_token_id=2",), ["input_ids", "labels"]),
    ],
    ids=["BOS", "reading without BOS", "no BOS", "BOS in template", "BOS at end", "EOS", "padding", "text", "pad=eos"],
)
def test_packed_records_are_told_apart_by_bos_or_by_a_column(
    tmp_path: Path, more: tuple[str, ...], columns: list[str]
) -> None:
    run = RunFolder(tmp_path / "run")
    config = settings(corpus(tmp_path / "train.jsonl", 60), "data.packing=true", *more)
    audit = convert(config, run, 1)
    with MindRecordReader(run.data / "mindrecord" / shard_name(0, 1)) as reader:
        assert sorted(reader.columns) == columns
        found = [reader[number] for number in range(len(reader))]
    assert list(converted_columns(run.audit)) == list(audit["columns"]) == columns
    begins = [_begins(row, config.model.bos_token_id) for row in found]
    assert sum(map(len, begins)) == audit["converted"]
    assert all(row["labels"][place] == IGNORED for row, places in zip(found, begins, strict=True) for place in places)
    filled = filling(run.audit)
    assert (filled.records, filled.rows) == (audit["converted"], len(found))
    assert filled.learned == sum(int((row["labels"] != IGNORED).sum()) for row in found)
    assert filled.share == pytest.approx(1 - audit["padding_share"])


def _begins(row: dict[str, NDArray[np.int32]], bos: int) -> list[int]:
    """Return where the records of a row begin, as the network is told it."""
    if "segments" not in row:
        return np.flatnonzero(row["input_ids"] == bos).tolist()
    number = row["segments"]
    return [
        place for place in range(len(number)) if number[place] and (not place or number[place] != number[place - 1])
    ]


def test_rows_packed_before_they_were_told_apart_are_refused(tmp_path: Path) -> None:
    audit = tmp_path / "audit.json"
    for content, known in (({}, True), ({"packing": False}, True), ({"packing": True}, False), ({"columns": 5}, False)):
        audit.write_text(json.dumps(content), encoding="utf-8")
        if known:
            assert converted_columns(audit) == ("input_ids", "labels")
        else:
            with pytest.raises(InputError, match=r"does not say how its rows are packed; convert again with --force"):
                converted_columns(audit)


@pytest.mark.slow
def test_a_killed_conversion_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    train = corpus(tmp_path / "train.jsonl", 6000)
    environment = {**os.environ, "KIT_LOGS": str(tmp_path / "logs")}
    words = [sys.executable, "data_convert/run.py", "--contest", "practice_math", f"data.train={train}"]
    more = ["data.shards=24", "data.retention_records=0", "data.squad_records=20"]
    whole = subprocess.run([*words, *more], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "6,000" in whole.stdout
    reference = RunFolder((tmp_path / "logs" / "latest").resolve())
    again = RunFolder(tmp_path / "again")
    again.path.mkdir()
    (again.path / "run.yaml").write_bytes((reference.path / "run.yaml").read_bytes())
    command = [sys.executable, "data_convert/run.py", "--run", str(again.path)]
    done: dict[str, int] = {}

    def shard(account: Path) -> Path:
        return account.parent / "mindrecord" / shard_name(int(account.stem), 24)

    for wanted in (1, 6, 15):
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(done) < wanted:
            done = {file.stem: shard(file).stat().st_ino for file in again.data.glob(".mindrecord.*/*.json")}
        process.kill()
        process.wait()
    assert done, "shards were finished before the job was killed"
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert files(again) == files(reference)
    kept = [(again.data / "mindrecord" / shard_name(int(number), 24)).stat().st_ino for number in done]
    assert kept == list(done.values()), "finished shards were kept"


@pytest.mark.parametrize("removed", [0, 3])
def test_a_kill_while_the_shards_are_moved_into_place_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: int
) -> None:
    config = settings(corpus(tmp_path / "train.jsonl", 100), "data.shards=3")
    run, reference = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "reference")
    convert(config, reference)
    remove = shutil.rmtree

    def interrupted(folder: Path, ignore_errors: bool = False) -> None:
        if folder.name.startswith("."):
            for file in sorted(folder.iterdir())[:removed]:
                file.unlink()
            raise KeyboardInterrupt
        remove(folder, ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(config, run)
    monkeypatch.undo()
    convert(config, run)
    assert files(run) == files(reference)


def test_an_edited_corpus_is_converted_anew(tmp_path: Path) -> None:
    train = corpus(tmp_path / "train.jsonl", 100)
    run = RunFolder(tmp_path / "run")
    before = convert(settings(train), run)
    corpus(train, 100, seed=8)
    after = convert(settings(train), run)
    assert before["sources"] != after["sources"]
    assert before["mindrecord"] != after["mindrecord"]
    assert list(after["mindrecord"]) == ["train.mindrecord"]


def test_nothing_left_to_train_on_is_an_error_that_says_why(tmp_path: Path) -> None:
    train = corpus(tmp_path / "train.jsonl", 30)
    with pytest.raises(InputError, match=r"no record is left to train on: .*train.jsonl:\d+: \d+ tokens, 9 fit"):
        convert(settings(train, "data.seq_length=8"), RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run" / "data" / "mindrecord").exists()


def test_the_settings_of_cleaning_do_what_they_say(tmp_path: Path) -> None:
    train = corpus(tmp_path / "train.jsonl", 400)
    lines = train.read_text(encoding="utf-8").splitlines()
    spaced = [line.replace("等于多少？", " 等于多少?") for line in lines if "等于多少？" in line][:10]
    train.write_text("\n".join(lines + spaced), encoding="utf-8")

    def counts(*more: str) -> dict[str, Any]:
        run = RunFolder(tmp_path / f"run{len(list(tmp_path.glob('run*')))}")
        found: dict[str, Any] = convert(settings(train, "data.test_records=10", *more), run)["corpus"]
        return found

    assert counts()["duplicates"] == 0
    assert counts("data.dedup=normalised")["duplicates"] == 10
    quotas = counts("data.quotas={add: 5, mass: 40}", "data.max_records=100")
    table = {row["label"]: row for row in quotas["quotas"]}
    assert (table["add"]["taken"], table["mass"]["taken"], quotas["trained"]) == (5, 40, 100)
    assert quotas["repeated"] == table["mass"]["repeated"] > 0
    with pytest.raises(InputError, match="did you mean 'mass'"):
        counts("data.quotas={masss: 40}")


def test_repeated_records_have_ids_of_their_own(tmp_path: Path) -> None:
    train = corpus(tmp_path / "train.jsonl", 60)
    run = RunFolder(tmp_path / "run")
    convert(settings(train, "data.quotas={'*': 30}", "data.test_records=5"), run)
    trained = read_records(run.data / "train.jsonl")
    assert len({record.id for record in trained}) == len(trained)
    assert any(record.id.endswith("#2") for record in trained)


def test_records_that_overlap_with_an_evaluation_are_reported_or_removed(tmp_path: Path) -> None:
    train = corpus(tmp_path / "train.jsonl", 100)
    sentence = "How many ways are there to put five different balls into three different boxes so that none is empty?"
    with train.open("a", encoding="utf-8") as out:
        for ending in ("", " Explain.", " Why?"):
            out.write(json.dumps({"problem": sentence + ending, "solution": "\\boxed{150}"}) + "\n")
    test = tmp_path / "test.jsonl"
    test.write_text(
        json.dumps({"problem": "Tell me. " + sentence, "solution": "\\boxed{150}"}) + "\n", encoding="utf-8"
    )
    reported = convert(settings(train, f"data.test={test}"), RunFolder(tmp_path / "one"))["corpus"]
    removed = convert(settings(train, f"data.test={test}", "data.overlap=remove"), RunFolder(tmp_path / "two"))[
        "corpus"
    ]
    assert reported["overlap"]["files"] == {str(test): 3}
    assert (reported["trained"], removed["trained"], removed["overlap_removed"]) == (103, 100, 3)
    assert "five different balls" in reported["overlap"]["examples"][0]["shared"]


def test_training_on_the_retention_questions_is_refused(tmp_path: Path, shared_data: Path) -> None:
    dev = shared_data / "squad" / "dev-v1.1.json"
    config = load_contest("practice_math", ["data.retention_records=10", f"data.retention_corpus={dev}"])
    with pytest.raises(InputError, match="never on its dev file"):
        convert(config, RunFolder(tmp_path / "run"))


def test_general_instructions_are_mixed_in_by_their_own_prompt(tmp_path: Path) -> None:
    general = tmp_path / "general.json"
    rows = [{"instruction": f"Name a colour, number {n}.", "input": "", "output": "Blue."} for n in range(30)]
    general.write_text(json.dumps(rows), encoding="utf-8")
    more = ["data.records=200", "data.retention_records=20", f"data.retention_corpus={general}"]
    run = RunFolder(tmp_path / "run")
    audit = convert(load_contest("practice_choice", ["data.squad_records=20", *more]), run)
    assert audit["corpus"]["retention"] == 20
    assert audit["prompts"]["instruction"]["name"] == "internlm_instruction"


def test_a_general_record_that_looks_like_another_task_is_an_instruction(tmp_path: Path) -> None:
    general = tmp_path / "general.json"
    options = "\nA.red\nB.green\nC.blue\nD.grey"
    rows = [
        {"instruction": "What is half of 4?", "input": "", "output": r"\boxed{2}"},
        {"instruction": "Which colour has the sky?", "input": options, "output": "C"},
        {"instruction": "Say hello.", "output": "Hello."},
        {"instruction": "Say nothing."},
    ]
    general.write_text(json.dumps(rows), encoding="utf-8")
    more = ["data.records=30", "data.retention_records=3", f"data.retention_corpus={general}", "data.max_bad=1"]
    foreign = {"practice_math": "Which colour has the sky?\n" + options, "practice_choice": "What is half of 4?"}
    for contest, question in foreign.items():
        run = RunFolder(tmp_path / contest)
        audit = convert(load_contest(contest, ["data.squad_records=20", *more]), run)
        corpus = audit["corpus"]["retention_corpus"]
        assert (audit["corpus"]["retention"], corpus["read"], corpus["bad"]) == (3, 3, 1)
        assert f"{general}:1 (record 3): field 'output' is missing" in audit["listed"]
        tasks = {record.question: record.task for record in read_records(run.data / "train.jsonl")}
        assert tasks[question] == tasks["Say hello."] == "instruction"


def test_retention_records_that_overlap_with_an_evaluation_are_reported_or_removed(tmp_path: Path) -> None:
    sentence = "Which of the rivers that flow through the old town is the longest and the deepest of all?"
    file, questions = tmp_path / "general.json", tmp_path / "questions.jsonl"
    rows = [{"instruction": text, "output": "One."} for text in (f"Say it: {sentence}", "Name a river.")]
    file.write_text(json.dumps(rows), encoding="utf-8")
    questions.write_text(json.dumps({"problem": sentence, "solution": "\\boxed{1}"}), encoding="utf-8")
    train = corpus(tmp_path / "train.jsonl", 40)
    more = [f"data.retention_corpus={file}", "data.retention_records=2", f"data.against=[{questions}]"]
    counts = {}
    for policy in ("report", "remove"):
        config = settings(train, *more, f"data.overlap={policy}")
        counts[policy] = convert(config, RunFolder(tmp_path / policy))["corpus"]
    found = counts["report"]["retention_corpus"]["overlap"]
    assert found["files"] == {str(questions): 1}
    assert "flow through the old town" in found["examples"][0]["shared"]
    assert (counts["report"]["retention"], counts["remove"]["retention"]) == (2, 1)


def test_questions_without_an_answer_are_not_trained_on(tmp_path: Path) -> None:
    file = tmp_path / "train-v2.0.json"
    answers = [[{"text": "1881", "answer_start": 0}], []]
    qas = [
        {"id": f"{n}", "question": f"When was {n}?", "answers": answers[n % 2], "is_impossible": bool(n % 2)}
        for n in range(20)
    ]
    article = {"title": "t", "paragraphs": [{"context": "It was founded in 1881.", "qas": qas}]}
    file.write_text(json.dumps({"version": "v2.0", "data": [article]}), encoding="utf-8")
    config = settings(
        corpus(tmp_path / "train.jsonl", 40), f"data.retention_corpus={file}", "data.retention_records=15"
    )
    run = RunFolder(tmp_path / "run")
    audit = convert(config, run)
    assert audit["corpus"]["retention_corpus"]["unanswerable"] == 10
    assert audit["corpus"]["retention"] == 10
    assert "" not in {record.answer for record in read_records(run.data / "train.jsonl")}
    assert re.search(r"^  without an answer, never trained on +10$", table(audit), re.MULTILINE)


@pytest.mark.mindspore
@pytest.mark.slow
def test_mindspore_reads_all_shards(tmp_path: Path) -> None:
    from mindspore.dataset import MindDataset

    run = RunFolder(tmp_path / "run")
    convert(settings(corpus(tmp_path / "train.jsonl", 150), "data.shards=3", "data.packing=true"), run)
    shards = [str(file) for file in sorted((run.data / "mindrecord").glob("*.mindrecord"))]
    assert len(shards) == 3
    read = list(MindDataset(shards, shuffle=False).create_dict_iterator(num_epochs=1, output_numpy=True))
    own = rows_of(run)
    assert len(read) == len(own)
    for row, (ids, labels) in zip(read, own, strict=True):
        assert row["input_ids"].dtype == row["labels"].dtype == np.int32
        assert (row["input_ids"].tolist(), row["labels"].tolist()) == (ids, labels)

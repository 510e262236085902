"""A judge and a task that are added: one module each in a folder that KIT_PLUGINS names, and a contest's YAML."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import load_contest
from core.errors import InputError
from core.places import ROOT
from core.tasks import task_names
from core.text.records import Record, read_records, write_records
from eval_accuracy.judges import judge_named, judge_of
from eval_accuracy.scoring.accuracy import judge_all
from evaluation.answers.predictions import Predictions
from tests.recipes import recipes

JUDGE = '''"""Right is what has the reference's length."""

from eval_accuracy.judges.text import TextJudge


class Mine(TextJudge):
    rules = ("same_length",)

    def scores(self, text, reference):
        return {"same_length": float(len(text) == len(reference))}


JUDGE = Mine()
'''
ENTITIES = [
    Record("1", "entities", "Paris and London", "Paris; London"),
    Record("2", "entities", "Bonn is a town", "Bonn"),
]


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plug-in folder with the judge "mine", the task "entities", and a contest of each."""
    folder = tmp_path / "plugins"
    contest = (ROOT / "configs/contests/practice_math.yaml").read_text(encoding="utf-8")
    files = {
        "eval_accuracy/judges/mine.py": JUDGE,
        "core/tasks/entities.py": recipes()["a task"].files["core/tasks/entities.py"],
        "configs/contests/judged.yaml": contest.replace("judge: math\n  equality: exact", "judge: mine"),
        "configs/contests/entities.yaml": contest.replace("task: math", "task: entities").replace(
            "judge: math", "judge: span_f1"
        ),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("KIT_PLUGINS", str(folder))
    return folder


def command(script: str, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / script), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False, env=dict(os.environ))
    assert done.returncode == code, done.stderr
    return done


def answered(folder: Path, records: list[Record], **said: str) -> list[object]:
    """Write questions and answers; return the words that name them."""
    write_records(folder / "data.jsonl", records)
    (folder / "p.json").write_text(json.dumps(said), encoding="utf-8")
    return ["--predictions", folder / "p.json", "--data", folder / "data.jsonl"]


@pytest.mark.usefixtures("plugins")
def test_an_added_judge_judges_by_its_name_and_by_a_contests(tmp_path: Path) -> None:
    records = [Record(str(n), "instruction", f"Question {n}?", "four") for n in range(3)]
    words = answered(tmp_path, records, **{"0": "five", "1": "three"})
    result = json.loads(command("eval_accuracy/run.py", *words, "--judge", "mine", "--json").stdout)
    assert (result["judge"], result["rule"], result["correct"], result["missing"]) == ("mine", "same_length", 1, 1)
    assert "rouge_l, span_f1, mine;" in " ".join(command("eval_accuracy/run.py", "--help").stdout.split())
    write_records(tmp_path / "data.jsonl", [Record("0", "math", "计算 3 + 4 等于多少？", "3 + 4 = 7")])
    result = json.loads(command("eval_accuracy/run.py", *words, "--contest", "judged", "--json").stdout)
    assert result["rules"] == {"same_length": 0.0}


@pytest.mark.usefixtures("plugins")
def test_an_added_judge_is_found_by_the_processes_that_share_the_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [Record(str(n), "instruction", "?", "x" * (n % 3)) for n in range(20)]
    given = Predictions((str(n), "xx") for n in range(19))
    judge = judge_of("mine")
    alone = judge_all(records, given, judge)
    monkeypatch.setattr("eval_accuracy.scoring.accuracy._MANY", 10)
    assert judge_all(records, given, judge) == alone
    assert sum(verdict.rules["same_length"] for verdict in alone) == 6


@pytest.mark.usefixtures("plugins")
def test_a_contest_may_name_an_added_judges_rules_and_no_others() -> None:
    rules = load_contest("judged", ["rules.equality=same_length"]).rules
    assert (rules.judge, rules.equality) == ("mine", "same_length")
    with pytest.raises(InputError, match="no judge has a rule 'same_lenght'.*did you mean 'same_length'"):
        load_contest("judged", ["rules.equality=same_lenght"])


@pytest.mark.usefixtures("plugins")
def test_an_added_task_has_records_a_contest_and_the_judge_that_it_names(tmp_path: Path) -> None:
    assert "entities" in task_names()
    words = answered(tmp_path, ENTITIES, **{"1": "London；Rome", "2": "Bonn"})
    assert read_records(tmp_path / "data.jsonl") == ENTITIES
    assert judge_named(None, ENTITIES, Predictions()).name == "span_f1"
    for contest in ([], ["--contest", "entities"]):
        result = json.loads(command("eval_accuracy/run.py", *words, *contest, "--json").stdout)
        assert (result["judge"], result["accuracy"]) == ("span_f1", pytest.approx(2 * 2 / 6))
    assert load_contest("entities").task == "entities"


@pytest.mark.usefixtures("plugins")
def test_records_of_an_added_task_are_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_LOGS", str(tmp_path / "logs"))
    records = [Record(str(n), "entities", f"{n} is a number", str(n)) for n in range(60)]
    write_records(tmp_path / "train.jsonl", records)
    settings = ["data.train=" + str(tmp_path / "train.jsonl"), "data.test_records=5", "data.squad_records=5"]
    done = command("data_convert/run.py", "--contest", "entities", *settings, "data.retention_records=0", "--json")
    audit = json.loads(done.stdout)
    assert (audit["corpus"]["read"], audit["corpus"]["held_out"]) == (60, 5)
    run = next(path for path in (tmp_path / "logs").iterdir() if not path.is_symlink())
    assert {record.task for record in read_records(run / "data/test.jsonl")} == {"entities"}


@pytest.mark.usefixtures("plugins")
def test_no_practice_corpus_is_made_for_an_added_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_LOGS", str(tmp_path / "logs"))
    done = command("data_convert/run.py", "--contest", "entities", code=2)
    assert "no practice data are made for task 'entities'" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--judge", "rouge"], "unknown judge 'rouge'; there are: .*; did you mean 'rouge_l'"),
        (["--contest", "math_lama3"], "unknown contest 'math_lama3'; there are: .*; did you mean 'math_llama3'"),
    ],
)
def test_a_judge_or_contest_that_there_is_not_is_named_with_the_nearest(
    tmp_path: Path, words: list[str], message: str
) -> None:
    given = answered(tmp_path, [Record("0", "math", "计算 3 + 4 等于多少？", "3 + 4 = 7")], **{"0": "7"})
    done = command("eval_accuracy/run.py", *given, *words, code=2)
    assert re.search(message, done.stderr)


def test_a_judge_of_a_plug_in_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "eval_accuracy/judges").mkdir(parents=True)
    (tmp_path / "eval_accuracy/judges/hollow.py").write_text('JUDGE = "mine"\n', encoding="utf-8")
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    with pytest.raises(InputError, match="judge 'hollow': its JUDGE must be a Judge"):
        judge_of("hollow")

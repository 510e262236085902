"""The main job of a contest of entities, from made texts to the marked file and the zip; with the base model alone."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from core.files import read_json
from core.run_folder import find_run
from core.text.markup import bare_texts, read_marked
from core.text.records import read_records
from eval_accuracy.guner import main as judge
from tests.pipeline.conftest import main_job

pytestmark = [pytest.mark.slow, pytest.mark.mindspore, pytest.mark.timeout(1200)]


def test_the_given_text_comes_out_marked_to_the_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "public.txt"
    text.write_bytes("以高平为左元长。\r\n\ufeff物价下\ue797。\r\n\r\n米宽求词例".encode())
    done = main_job(
        {**os.environ, "KIT_LOGS": str(tmp_path / "logs")},
        *("--contest", "practice_guner", "steps=[convert, accuracy, floors, mark, submission]"),
        *(f"data.hand_in={text}", "submission.team=me"),
        *("data.records=200", "data.test_records=10", "eval.accuracy.max_new_tokens=60"),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    run = find_run(str(tmp_path / "logs" / "latest"))
    assert "floors, F1 in percent: dictionary " in done.stdout
    assert "hand-in hand_in/me.txt: PER " in done.stdout
    handed = run.hand_in / "me.txt"
    assert [(line.text, line.end) for line in read_marked(handed)] == [(one.text, one.end) for one in bare_texts(text)]
    assert judge(["--strict", str(text), str(handed)]) == 0
    assert "nothing is wrong" in capsys.readouterr().out
    # Whatever the model knows, decoding copied each question that it had room to finish.
    answers = read_json(run.results / "hand_in.json")
    assert (answers["texts"], answers["faults"], answers["lost"]) == (4, 0, 0)
    assert answers["verbatim"] >= 2
    assert read_json(run.results / "floors.json")["lines_tested"] == len(read_records(run.data / "test.jsonl")) == 10
    with zipfile.ZipFile(run.submission / "me.zip") as archive:
        assert archive.read("logs/hand_in/me.txt") == handed.read_bytes()
        assert "results/floors.json" in archive.namelist()

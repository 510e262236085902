"""What is handed in follows from the contest's steps and from the one list of results."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from run_folder import STEPS, edit_json, make_run, rewrite

from core.errors import InputError
from core.files import read_json, sha256_file, write_json, write_jsonl
from core.result_parts import Answered, EvaluationResult
from core.results import RESULTS, ResultKind, gather, results_of, summary
from submission.check import check_zip
from submission.package.build import build
from submission.package.run_facts import read_run

# Each of them draws the pictures of a run and packs it.
pytestmark = pytest.mark.slow


def packed(zip_file: Path) -> dict[str, str]:
    """Return name -> text of a zip's JSON and Markdown files."""
    with zipfile.ZipFile(zip_file) as archive:
        names = [name for name in archive.namelist() if name.endswith((".json", ".md")) and "code/" not in name]
        return {name: archive.read(name).decode() for name in names}


def all_names(zip_file: Path) -> list[str]:
    with zipfile.ZipFile(zip_file) as archive:
        return [name for name in archive.namelist() if not name.startswith("code/")]


class SpanEntry(Answered):
    """A fifth result's figures of one checkpoint."""

    span_f1: float
    spans: int


class SpanResult(EvaluationResult):
    """A fifth result, such as an annotation contest has."""

    figures = ("checkpoints/*/span_f1", "checkpoints/*/spans", "label_set")
    checkpoints: Mapping[str, SpanEntry]
    label_set: str


@pytest.fixture
def five(run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a contest with a fifth result: one entry more in the list of results."""
    monkeypatch.setitem(RESULTS, "spans", ResultKind("accuracy", "Span F1", "片段 F1", SpanResult))
    rows: dict[str, Any] = {}
    for index, name in enumerate(["base", *(f"step_{step}" for step in STEPS)]):
        file = run / "predictions" / f"spans_{name}.jsonl"
        write_jsonl(file, [{"id": "q1", "text": f"a;b;{index}"}])
        where = {"predictions": f"predictions/{file.name}", "predictions_sha256": sha256_file(file)}
        rows[name] = {"span_f1": 0.5 + index / 64, "spans": 40 + index, **where}
    data = {"file": "spans.jsonl", "sha256": "3" * 64, "selection": "all", "total": 9, "count": 9}
    write_json(run / "results/spans.json", {"schema": 1, "data": data, "checkpoints": rows, "label_set": "a|b"})
    return run


@pytest.mark.parametrize(("language", "title"), [("en", "Span F1"), ("zh", "片段 F1")])
def test_a_fifth_result_is_packed_shown_and_checked(five: Path, project: Path, language: str, title: str) -> None:
    built = build(five, language=language, root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    files = packed(built.path)
    assert "results/spans.json" in files
    assert re.search(rf"^## \d+\. {title}$", files["report.md"], re.MULTILINE)
    figures = json.loads(files["report.json"])["figures"]
    assert figures["spans/checkpoints/step_100/span_f1"] == 0.578125
    assert figures["spans/checkpoints/base/spans"] == 40
    assert figures["spans/label_set"] == "a|b"
    assert "| label_set | `a\\|b` |" in files["report.md"]
    assert "| step_100 | 0.5781 | 45 |" in files["report.md"]
    headings = re.findall(r"^## (\d+)\.", files["report.md"], re.MULTILINE)
    assert headings == [str(number) for number in range(1, 12)]


def test_a_fifth_result_that_is_wrong_is_found(five: Path, project: Path, tmp_path: Path) -> None:
    good = build(five, root=project).path

    def problems(change: Any) -> str:
        def edit(files: dict[str, bytes]) -> None:
            value = json.loads(files["results/spans.json"])
            change(value)
            files["results/spans.json"] = json.dumps(value).encode()

        return "\n".join(check_zip(rewrite(good, tmp_path / "bad.zip", edit, honest=True)).problems)

    rows = "checkpoints"
    assert "spans/checkpoints/step_20/span_f1 is 0.515625, the result is 0.9" in problems(
        lambda value: value[rows]["step_20"].update(span_f1=0.9)
    )
    assert "results/spans.json: has other checkpoints than manifest.json (step_20)" in problems(
        lambda value: value[rows].pop("step_20")
    )
    assert "results/spans.json: base: was computed from other predictions" in problems(
        lambda value: value[rows]["base"].update(predictions_sha256="0" * 64)
    )
    assert "results/spans.json 'checkpoints.base.spans' is missing or not a number" in problems(
        lambda value: value[rows]["base"].update(spans="many")
    )
    gone = rewrite(good, tmp_path / "bad.zip", lambda files: files.pop("results/spans.json"), honest=True)
    assert "results/spans.json: missing" in check_zip(gone).problems


def test_a_fifth_result_is_asked_for_and_summed_up(five: Path) -> None:
    steps = read_run(five).config.steps
    lines = list(summary(gather(results_of(steps), lambda file: read_json(five / file))))
    assert lines[0].endswith("score   span_f1     spans")
    assert lines[2].endswith("0.5156        41")
    (five / "results/spans.json").unlink()
    with pytest.raises(InputError, match=r"results/spans\.json is missing"):
        read_run(five)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_contest_without_retention_has_nothing_of_it(tmp_path: Path, project: Path, language: str) -> None:
    run = make_run(tmp_path / "run", without=("retention",), language=language)
    built = build(run, root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    assert built.verdict.best == "step_100"
    assert not [name for name in all_names(built.path) if "squad" in name]
    files = packed(built.path)
    report, figures = files["report.md"], json.loads(files["report.json"])["figures"]
    assert not [path for path in figures if path.startswith(("squad/", "run/eval/squad"))]
    assert "SQuAD" not in report
    assert re.findall(r"^## (\d+)\.", report, re.MULTILINE) == [str(number) for number in range(1, 10)]


def test_a_gate_that_was_never_measured_is_found(tmp_path: Path, project: Path) -> None:
    run = make_run(tmp_path / "run", without=("retention",))
    edit_json(run / "results/score.json", lambda value: value["checkpoints"]["step_20"].update(gate_passed=True))
    built = build(run, root=project)
    assert built.verdict is not None
    assert built.verdict.problems == (
        "results/score.json: step_20: gate_passed is True, but the contest measures no retention",
    )


def test_retention_left_over_from_elsewhere_is_not_handed_in(tmp_path: Path, project: Path) -> None:
    run = make_run(tmp_path / "run", without=("retention",))
    write_json(run / "results/squad.json", {"schema": 1})
    write_json(run / "results/comparison.json", {"mine": 1})
    names = all_names(build(run, root=project).path)
    assert "results/squad.json" not in names
    assert "results/comparison.json" in names


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_contest_that_trains_nothing(tmp_path: Path, project: Path, language: str) -> None:
    """Examples in context: the base model answers, and its accuracy is all there is."""
    left_out = ("train", "merge", "retention", "score")
    run = make_run(tmp_path / "run", without=left_out, language=language)
    for folder in ("train", "checkpoints"):
        for path in sorted((run / folder).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    for name in ("ratio", "score"):
        (run / f"results/{name}.json").unlink()
    for step in STEPS:
        edit_json(run / "results/accuracy.json", lambda value, step=step: value["checkpoints"].pop(f"step_{step}"))
    built = build(run, root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    assert (built.verdict.steps, built.verdict.best) == ((), None)
    files = packed(built.path)
    report, figures = files["report.md"], json.loads(files["report.json"])["figures"]
    assert figures["accuracy/checkpoints/base/accuracy"] == 61 / 300
    assert "run/method/rank" not in figures
    assert re.findall(r"^## (\d+)\.", report, re.MULTILINE) == [str(number) for number in range(1, 6)]


def test_merged_weights_in_a_contest_without_them_are_found(good_zip: Path, tmp_path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        text = files["configs/run.yaml"].decode()
        files["configs/run.yaml"] = text.replace("- merge\n", "").encode()

    problems = check_zip(rewrite(good_zip, tmp_path / "bad.zip", change, honest=True)).problems
    assert "manifest.json: 5 checkpoints, the contest asks for 0" in problems


def test_settings_that_could_fill_any_memory_are_not_unfolded(good_zip: Path, tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))

    def change(files: dict[str, bytes]) -> None:
        files["configs/run.yaml"] = bomb.encode()
        files["report.md"] += b"<!--=run/a29-->1<!--/-->"

    problems = check_zip(rewrite(good_zip, tmp_path / "bad.zip", change, honest=True)).problems
    assert any("run.yaml: has YAML aliases" in problem for problem in problems)


def test_a_file_that_is_handed_in_by_itself_is_in_the_zip_as_it_is(run: Path, project: Path) -> None:
    """No placeholder is put into it, for what it is judged by is its bytes."""
    said = f"\ufeff{{{run.name}|PER}} {run}\r\n".encode()
    (run / "hand_in").mkdir()
    (run / "hand_in/me.txt").write_bytes(said)
    built = build(run, root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    with zipfile.ZipFile(built.path) as archive:
        assert archive.read("logs/hand_in/me.txt") == said

"""Reading a run folder: whole and free of contradictions, or one clear error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from run_folder import STEPS, edit_json

from core.errors import InputError
from core.files import write_text
from submission.package.run_facts import read_run


def test_facts_are_those_of_the_files(run: Path) -> None:
    facts = read_run(run)
    assert [item.step for item in facts.checkpoints] == list(STEPS)
    assert facts.checkpoints[0].bytes == (run / "checkpoints" / "step_20.ckpt").stat().st_size
    assert facts.losses[0].step == 1
    assert facts.losses[0].loss == 2.5 - 1 / 50
    names = [facts.relative(path) for path in facts.logs]
    assert names == ["train/msrun/worker_0.log", "train/msrun/worker_1.log", "events.jsonl"]
    assert len(facts.predictions) == 12
    assert facts.config.method.rank == 2


def test_a_link_to_the_run_is_followed(run: Path, tmp_path: Path) -> None:
    link = tmp_path / "latest"
    link.symlink_to(run)
    assert read_run(link).run.path == run.resolve()


def test_a_checkpoint_in_several_files_is_refused(run: Path) -> None:
    (run / "checkpoints" / "step_20.ckpt").unlink()
    (run / "checkpoints" / "step_20").mkdir()
    with pytest.raises(InputError, match="step_20/: is a checkpoint in several files, .* without --shard-size"):
        read_run(run)


@pytest.mark.parametrize(
    "name",
    [
        "environment.json",
        "results/squad.json",
        "results/accuracy.json",
        "results/ratio.json",
        "results/score.json",
        "train/finetune.yaml",
        "train/loss.jsonl",
    ],
)
def test_a_missing_file_is_named(run: Path, name: str) -> None:
    (run / name).unlink()
    with pytest.raises(InputError, match=name):
        read_run(run)


def test_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        read_run(tmp_path)


def test_all_that_is_wrong_is_said_at_once(run: Path) -> None:
    (run / "environment.json").unlink()
    write_text(run / "results" / "ratio.json", '{"schema": 1,\n "total": }')
    write_text(run / "train" / "loss.jsonl", '{"step": 1, "loss": 2.0}\n{"step": 2}\n')
    (run / "checkpoints" / "step_40.ckpt").unlink()
    with pytest.raises(InputError) as caught:
        read_run(run)
    text = str(caught.value)
    for part in (
        "environment.json is missing",
        "ratio.json: malformed JSON (line 2",
        "loss.jsonl:2",
        "step_40.json: 0",
    ):
        assert part in text


@pytest.mark.parametrize("text", ["a: [1\nb: 2\n", "- 1\n", "\x00", "a: !!python/object:os.system {}\n"])
def test_a_bad_configuration_is_one_sentence(run: Path, text: str) -> None:
    write_text(run / "run.yaml", text)
    with pytest.raises(InputError, match="run.yaml"):
        read_run(run)


def _drop(*names: str) -> Any:
    def change(value: Any) -> None:
        for name in names[:-1]:
            value = value[name]
        del value[names[-1]]

    return change


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("squad", _drop("checkpoints", "step_40"), "no figures of step_40"),
        ("accuracy", _drop("checkpoints", "base"), "no figures of base"),
        ("score", _drop("checkpoints"), "has no 'checkpoints'"),
        ("score", lambda value: value.update(best="step_7"), "'step_7' the best"),
        ("ratio", lambda value: value.update(total="many"), "'total' is missing or not a number"),
        ("ratio", lambda value: value.update(schema=9), "schema 9"),
        (
            "squad",
            lambda value: value["checkpoints"].update(step_7=value["checkpoints"]["step_20"]),
            "figures of step_7",
        ),
    ],
)
def test_contradictions_are_found(run: Path, name: str, change: Any, said: str) -> None:
    edit_json(run / "results" / f"{name}.json", change)
    with pytest.raises(InputError, match=said):
        read_run(run)


def test_two_formats_of_one_step_are_refused(run: Path) -> None:
    (run / "checkpoints" / "step_40.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match=r"step_40\.json: 2 weight files"):
        read_run(run)


def test_too_few_checkpoints_are_refused(run: Path) -> None:
    for suffix in (".ckpt", ".json"):
        (run / "checkpoints" / f"step_40{suffix}").unlink()
    with pytest.raises(InputError, match="holds 4 merged checkpoints, the contest asks for 5"):
        read_run(run)

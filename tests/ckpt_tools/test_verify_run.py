"""What a run has to be verified on: its merged steps, and its own questions as training tokenised them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_tools.verification.subject import subject_of
from core.config import dump, kit_path, load_contest
from core.errors import InputError
from core.files import write_json
from core.run_folder import RunFolder
from core.text.records import Record, write_records
from core.text.tokenizers import load_tokenizer
from data_convert.rows.tokenise import example


def records(task: str, count: int, length: int = 1) -> list[Record]:
    meta = {"passage": "Jun works as a judge."} if task == "squad" else {}
    return [
        Record(f"{task}-{number}", task, f"计算 {number} + 1 等于多少？" * length, "1", meta=meta)
        for number in range(count)
    ]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.checkpoints.mkdir(parents=True)
    run.data.mkdir()
    (run.path / "run.yaml").write_text(dump(load_contest("practice_math")), encoding="utf-8")
    for step, file in ((20, "step_20.ckpt"), (100, "step_100/model.safetensors.index.json"), (40, "step_40.ckpt")):
        write_json(run.checkpoints / f"step_{step}.json", {"step": step, "file": file})
    write_records(run.data / "squad.jsonl", records("squad", 9))
    write_records(run.data / "test.jsonl", records("math", 2))
    return run


def test_all_merged_steps_are_found_by_their_manifests_in_order(run: RunFolder) -> None:
    subject = subject_of(run, None, 3)
    assert list(subject.merges) == [20, 40, 100]
    assert subject.merges[100] == (
        run.train / "adapters" / "step_100",
        run.checkpoints / "step_100" / "model.safetensors.index.json",
    )
    assert list(subject_of(run, [40], 1).merges) == [40]


def test_prompts_are_the_tokens_that_training_saw(run: RunFolder) -> None:
    config = run.config()
    model = config.model
    tokenizer = load_tokenizer(
        model.tokenizer.kind,
        kit_path(model.tokenizer.file),
        model.bos_token_id,
        model.eos_token_id,
        model.pad_token_id,
    )
    subject = subject_of(run, None, 3)
    retained, asked = records("squad", 9), records("math", 2)
    wanted = [(retained[at], config.squad_prompt) for at in (0, 3, 6)] + [(one, config.prompt) for one in asked]
    assert len(subject.prompts) == len(wanted)
    for ids, (record, prompt) in zip(subject.prompts, wanted, strict=True):
        trained = example(record, prompt, tokenizer)
        assert trained.ids[: len(ids)] == ids
        assert trained.answer_start == len(ids)
    assert subject.config["seq_length"] == max(map(len, subject.prompts))


@pytest.mark.parametrize(
    ("steps", "questions", "what"),
    [([7], 1, r"step 7 is not merged there \(merged are 20, 40, 100\)"), (None, 0, "at least 1")],
)
def test_what_the_run_does_not_have_is_refused(
    run: RunFolder, steps: list[int] | None, questions: int, what: str
) -> None:
    with pytest.raises(InputError, match=what):
        subject_of(run, steps, questions)


def test_questions_that_are_too_long_are_passed_over(run: RunFolder) -> None:
    write_records(run.data / "test.jsonl", [*records("math", 1, length=999), *records("math", 2)[1:]])
    assert len(subject_of(run, None, 4).prompts) == 5
    write_records(run.data / "test.jsonl", records("math", 1, length=999))
    with pytest.raises(InputError, match="none of 1 questions"):
        subject_of(run, None, 4)


def test_a_run_without_merged_checkpoints_is_refused(run: RunFolder) -> None:
    (run.checkpoints / "step_20.json").write_text("[]")
    with pytest.raises(InputError, match="not the manifest of a merge"):
        subject_of(run, None, 1)
    for manifest in run.checkpoints.glob("*.json"):
        manifest.unlink()
    with pytest.raises(InputError, match="merge first"):
        subject_of(run, None, 1)

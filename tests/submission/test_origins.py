"""Settings against what trained, and weights that are nowhere: found from the zip alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_folder import BASE_SHA256, STEPS, TRAINABLE, edit_json, make_run, rewrite

from core.errors import InputError
from core.files import write_json, write_text
from submission.check import check_zip
from submission.package.build import build

# Each packs a run.
pytestmark = pytest.mark.slow

LOST = "neither the weights nor a link to them"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """A light zip of a run with adapters and a trainer's YAML that agree with its settings."""
    run = make_run(tmp_path_factory.mktemp("trained") / "run", checkpoints="light")
    pet = "pet_config: {lora_rank: 2, lora_alpha: 4.0, target_modules: .*wq|.*wv}"
    write_text(
        run / "train" / "finetune.yaml",
        "runner_config: {epochs: 1}\nlr_schedule: {learning_rate: 3.0e-05}\nseed: 7\n"
        f"model:\n  model_config:\n    seq_length: 128\n    {pet}\n",
    )
    for step in STEPS:
        folder = run / "train" / "adapters" / f"step_{step}"
        flat = {"method": "lora", "rank": 2, "alpha": 4.0, "targets": ".*wq|.*wv", "model": "practice", "schema": 1}
        write_json(folder / "adapter.json", {**flat, "base_sha256": BASE_SHA256, "step": step})
        (folder / "adapter.safetensors").write_bytes(b"adapter")
    built = build(run, root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    return built.path


def _problems(good: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], Any]) -> list[str]:
    return list(check_zip(rewrite(good, tmp_path / "bad.zip", change, honest=True)).problems)


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("configs/finetune.yaml", "lora_rank: 2", "lora_rank: 16",
         "configs/finetune.yaml: model.model_config.pet_config.lora_rank is 16, configs/run.yaml says 2"),
        ("configs/finetune.yaml", "3.0e-05", "1.0e-04",
         "configs/finetune.yaml: lr_schedule.learning_rate is 0.0001, configs/run.yaml says 3e-05"),
        ("configs/finetune.yaml", "seed: 7", "seed: [", "configs/finetune.yaml: "),
        ("logs/train/adapters/step_40/adapter.json", '"rank": 2', '"rank": 4',
         "logs/train/adapters/step_40/adapter.json: rank is 4, configs/run.yaml says 2"),
        ("logs/train/adapters/step_40/adapter.json", '"step": 40', '"step": 20',
         "logs/train/adapters/step_40/adapter.json: step is 20, manifest.json says 40"),
        ("logs/train/adapters/step_40/adapter.json", '"b', '"c', "adapter.json: base_sha256 is"),
    ],
)  # fmt: skip
def test_settings_of_another_run(trained: Path, tmp_path: Path, name: str, before: str, after: str, said: str) -> None:
    def change(files: dict[str, bytes]) -> None:
        text = files[name].decode()
        assert before in text
        files[name] = text.replace(before, after, 1).encode()

    if "base_sha256" in said:
        before, after = f'"base_sha256": "{BASE_SHA256}"', f'"base_sha256": "{"c" * 64}"'
    assert [problem for problem in _problems(trained, tmp_path, change) if said in problem]


def test_a_ratio_that_no_log_states(good_zip: Path, tmp_path: Path) -> None:
    """The ratio of another run, copied with everything that follows from it, into a zip with this run's log."""

    def change(files: dict[str, bytes]) -> None:
        for name in ("logs/train/msrun/worker_0.log", "logs/train/msrun/worker_1.log"):
            files[name] = files[name].replace(b"Parameters: 64.", b"Parameters: 3407872.")

    said = f"results/ratio.json: trainable is {TRAINABLE}, the training logs say 3407872 (Network Parameters)"
    assert said in _problems(good_zip, tmp_path, change)


def test_a_light_zip_without_one_of_its_adapters(trained: Path, tmp_path: Path) -> None:
    lost = "logs/train/adapters/step_60/adapter.safetensors"
    problems = _problems(trained, tmp_path, lambda files: files.pop(lost))
    assert [problem for problem in problems if LOST in problem]


def test_weights_that_are_nowhere(run: Path, project: Path, tmp_path: Path) -> None:
    built = build(run, mode="manifest", root=project)
    assert built.verdict is not None
    assert [problem for problem in built.verdict.problems if LOST in problem]
    for link in ("javascript:alert(1)", "see our page", 5):

        def change(files: dict[str, bytes], link: object = link) -> None:
            files["manifest.json"] = json.dumps({**json.loads(files["manifest.json"]), "weights_url": link}).encode()

        assert [problem for problem in _problems(built.path, tmp_path, change) if LOST in problem]
    with pytest.raises(InputError, match="give an address"):
        build(run, mode="manifest", root=project, weights_url="D:/weights")


def test_a_light_zip_needs_the_adapters(run: Path, project: Path) -> None:
    with pytest.raises(InputError, match="no adapter of step_20, step_40"):
        build(run, mode="light", root=project)


def test_a_teams_words_survive_packing_again(run: Path, project: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# 微调算法介绍\n我们在 /home/li/secret 里试了三种方法。\n", encoding="utf-8")
    first = build(run, root=project, language="zh", notes=notes)
    assert first.verdict is not None
    assert first.verdict.problems == ()
    text = first.report.read_text(encoding="utf-8")
    assert "我们在 <path>/secret 里试了三种方法。" in text
    edit_json(run / "results" / "ratio.json", lambda value: value.update(published_total=None, published_ratio=None))
    again = build(run, root=project, language="zh", notes=notes)
    assert again.packed
    assert "试了三种方法" in again.report.read_text(encoding="utf-8")
    with pytest.raises(InputError, match=r"none\.md: there is no such file"):
        build(run, root=project, notes=tmp_path / "none.md")

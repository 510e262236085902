"""The whole way, for real: MindFormers under msrun with two workers, merged checkpoints, results, zip."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from core.config import dump, kit_path
from core.files import read_json, read_jsonl
from core.places import ROOT
from core.text.records import read_records
from tests.pipeline.conftest import MainJob, main_job

pytestmark = [pytest.mark.slow, pytest.mark.mindspore, pytest.mark.timeout(900)]


def test_the_summary_names_every_checkpoint_and_the_zip(finished: MainJob) -> None:
    assert [line.split()[0] for line in finished.output.splitlines()[:7]] == [
        "checkpoint",
        "base",
        *[f"step_{step}" for step in (2, 4, 6, 8, 10)],
    ]
    assert (finished.run.submission / "测试队.zip").is_file()


def test_both_workers_end_with_the_same_adapter(finished: MainJob) -> None:
    first, second = (
        load_file(str(finished.run.train / "workers" / f"rank_{rank}" / "adapter.safetensors")) for rank in (0, 1)
    )
    assert first.keys() == second.keys()
    for name in first:
        assert np.array_equal(first[name], second[name])
    assert any(np.abs(values).max() > 0 for name, values in first.items() if name.endswith("_b"))
    last = load_file(str(finished.run.train / "adapters" / "step_10" / "adapter.safetensors"))
    assert all(np.array_equal(first[name], last[name]) for name in first)


def test_the_workers_read_different_records(finished: MainJob) -> None:
    logs = [(finished.run.train / "msrun" / f"worker_{rank}.log").read_text(encoding="utf-8") for rank in (0, 1)]
    losses = [[part.split("]")[0] for part in log.split("loss:[")[1:]] for log in logs]
    assert losses[0]
    assert losses[0] != losses[1]


@pytest.mark.parametrize("step", [2, 4, 6, 8, 10])
def test_a_merged_checkpoint_is_the_base_plus_the_scaled_product(finished: MainJob, step: int) -> None:
    import mindspore as ms

    config = finished.run.config()
    base = ms.load_checkpoint(str(kit_path(config.model.checkpoint)))
    merged = ms.load_checkpoint(str(finished.run.checkpoints / f"step_{step}.ckpt"))
    adapter = load_file(str(finished.run.train / "adapters" / f"step_{step}" / "adapter.safetensors"))
    assert merged.keys() == base.keys()
    scaling = config.method.alpha / config.method.rank
    for name, parameter in base.items():
        weight = parameter.asnumpy().astype(np.float64)
        a = adapter.get(name.replace(".weight", ".mindpet_delta_lora_a"))
        if a is not None:
            b = adapter[name.replace(".weight", ".mindpet_delta_lora_b")]
            weight = weight + scaling * (b.astype(np.float64) @ a.astype(np.float64))
        assert np.allclose(merged[name].asnumpy(), weight, rtol=1e-6, atol=1e-7), name


def test_merged_logits_are_those_of_the_adapted_model(finished: MainJob) -> None:
    command = [sys.executable, "ckpt_tools/verify.py", "--run", str(finished.run.path), "--questions", "2", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(done.stdout)["checkpoints"]
    assert [result["step"] for result in results] == [2, 4, 6, 8, 10]
    assert all(result["prompts"] == 4 and result["relative"] < 1e-4 < result["base_difference"] for result in results)


def test_the_ratio_is_counted_in_the_configuration_and_in_the_log(finished: MainJob) -> None:
    ratio = read_json(finished.run.results / "ratio.json")
    assert ratio["trainable"] == 20_480
    assert ratio["ratio"] == ratio["trainable"] / ratio["total"]
    assert "Network Parameters: 20480." in (finished.run.train / "msrun" / "worker_0.log").read_text(encoding="utf-8")


def test_every_question_is_answered_once_by_every_checkpoint(finished: MainJob) -> None:
    for kind, questions in (("squad", "squad"), ("accuracy", "test")):
        wanted = {record.id for record in read_records(finished.run.data / f"{questions}.jsonl")}
        for name in ("base", "step_2", "step_10"):
            rows = [row for _, row in read_jsonl(finished.run.predictions / f"{kind}_{name}.jsonl")]
            assert sorted(row["id"] for row in rows) == sorted(wanted)


def test_score_is_the_formula_of_accuracy_and_ratio(finished: MainJob) -> None:
    score = read_json(finished.run.results / "score.json")
    for row in score["checkpoints"].values():
        assert row["score"] == pytest.approx((1 - score["ratio"]) * 0.3 + row["accuracy"] * 0.7, abs=1e-12)


def test_the_zip_passes_its_check(finished: MainJob) -> None:
    file = finished.run.submission / "测试队.zip"
    done = subprocess.run(
        [sys.executable, "submission/check.py", str(file)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_front_doors_take_the_base_and_a_merged_checkpoint(finished: MainJob) -> None:
    merged = finished.run.checkpoints / "step_10.ckpt"
    for room in ("eval_squad", "eval_accuracy"):
        for words in (["--ckpt", str(merged)], ["--ckpt", "assets/practice/base.ckpt"]):
            done = subprocess.run(
                [sys.executable, f"{room}/run.py", *words, "--json"],
                cwd=ROOT,
                env=finished.environment,
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["name"] == ("step_10" if "step_10" in words[1] else "base")
            assert json.loads(done.stdout)["count"] == 20


def test_a_changed_prompt_stops_the_evaluation(finished: MainJob, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    copy.mkdir()
    (copy / "data").symlink_to(finished.run.data)
    text = (finished.run.path / "run.yaml").read_text(encoding="utf-8")
    (copy / "run.yaml").write_text(text.replace("Read the passage", "Read this passage"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "eval_squad/run.py", "--run", str(copy), "--ckpt", "base"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "byte 7" in done.stderr


def test_several_hosts_are_told_their_commands(finished: MainJob, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    copy.mkdir()
    (copy / "data").symlink_to(finished.run.data)
    config = finished.run.config(["train.batch_size=1"])
    (copy / "run.yaml").write_text(dump(config), encoding="utf-8")
    settings = ["--machine", "ascend_2x8x64g"]
    done = subprocess.run(
        [sys.executable, "finetune/run.py", "--run", str(copy), *settings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "--node_rank=1" in done.stderr
    assert "--collect" in done.stderr
    assert (copy / "train" / "finetune.yaml").is_file()


def test_a_finished_step_is_not_done_again(finished: MainJob) -> None:
    before = (finished.run.train / "loss.jsonl").stat().st_mtime_ns
    done = main_job(finished.environment, "--run", str(finished.run.path))
    assert done.returncode == 0
    assert done.stderr.count("done before") == 7
    assert done.stdout == finished.output
    assert (finished.run.train / "loss.jsonl").stat().st_mtime_ns == before

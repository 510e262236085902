"""A small run folder with real weight files, logs and figures that agree, for the tests of this room."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ckpt_tools.formats.tensors import write_tensors
from core.files import sha256_file, write_json, write_jsonl, write_text

STEPS = (20, 40, 60, 80, 100)
BASE_SHA256 = "b" * 64
SHAPES = {
    "model.tok_embeddings.embedding_weight": (24, 8),
    "model.layers.0.attention.wq.weight": (8, 8),
    "model.layers.0.attention.wv.weight": (8, 8),
    "model.norm_out.weight": (8,),
}
TOTAL = 24 * 8 + 2 * 64 + 8
TRAINABLE = 2 * (2 * 8 + 8 * 2)
RULES = {
    "ratio_weight": 0.3,
    "accuracy_weight": 0.7,
    "ratio_factor": 1.0,
    "retention_share": 0.9,
    "f1_threshold": None,
    "em_threshold": None,
    "checkpoints": 5,
}
BASE_F1, BASE_EM = 61.31, 44.17029511369134
LOG = """\
2026-01-01 08:00:00,000 - [INFO] - Network Parameters: {trainable}.
2026-01-01 08:00:01,000 - [INFO] - 训练开始 \x1b[32mok\x1b[0m
2026-01-01 08:00:02,000 - [INFO] - {{ Epoch:[  1/  1], step:[   10/  100], loss:[6.417598/8.857086], lr: 1e-3
2026-01-01 08:00:03,000 - [INFO] - {{ Epoch:[  1/  1], step:[  100/  100], loss:[0.410000/0.390000], lr: 1e-5
"""


def config(steps: tuple[int, ...] = STEPS, **submission: Any) -> dict[str, Any]:
    """Return a composed configuration as run.yaml holds it."""
    return {
        "contest": "practice_math",
        "title": "Practice: math",
        "task": "math",
        "model": {"name": "practice", "title": "Practice Llama", "checkpoint": "assets/practice/base.ckpt"},
        "machine": {"name": "cpu", "device": "CPU", "workers": 2},
        "method": {"name": "lora_qv", "rank": 2, "alpha": 4, "dropout": 0.0, "target_modules": ".*wq|.*wv"},
        "prompt": {"name": "alpaca", "template": "### Instruction:\n{question}\n\n### Response:", "bos": True},
        "squad_prompt": {"name": "squad", "template": "Read.\n{passage}\n```\n{question}", "bos": False},
        "data": {"train": None, "records": 3200, "seq_length": 128, "seed": 1},
        "train": {"epochs": 1, "batch_size": 16, "learning_rate": 3e-05, "betas": [0.9, 0.95], "seed": 7},
        "eval": {"squad": {"max_new_tokens": 12}, "accuracy": {"max_new_tokens": 32}, "batch_size": 32},
        "rules": {**RULES, "checkpoints": len(steps)},
        "submission": {"team": "practice", "checkpoints": "full", "format": "ckpt", "language": "en", **submission},
    }


def make_run(folder: Path, steps: tuple[int, ...] = STEPS, suffix: str = ".ckpt", **submission: Any) -> Path:
    """Write a whole run folder; every figure in it agrees with every other."""
    write_text(folder / "run.yaml", yaml.safe_dump(config(steps, **submission), allow_unicode=True, sort_keys=False))
    write_json(folder / "environment.json", {"python": "3.11", "packages": {"mindspore": "2.9.0"}, "git": None})
    write_text(folder / "train" / "finetune.yaml", "run_mode: finetune\n")
    write_text(folder / "train" / "msrun" / "worker_0.log", LOG.format(trainable=TRAINABLE))
    write_text(folder / "train" / "msrun" / "worker_1.log", LOG.format(trainable=TRAINABLE))
    losses = ({"step": step, "loss": 2.5 - step / 50, "learning_rate": 1e-3} for step in range(1, steps[-1] + 1))
    write_jsonl(folder / "train" / "loss.jsonl", losses)
    write_json(folder / "data" / "audit.json", {"schema": 1, "records": 3200, "dropped": {"overlong": 3}})
    write_jsonl(folder / "events.jsonl", [{"time": "2026-01-01T08:00:00", "event": "train"}])
    for step in steps:
        write_weights(folder, step, suffix)
    write_results(folder, steps)
    return folder


def write_weights(folder: Path, step: int, suffix: str = ".ckpt", names: dict[str, tuple[int, ...]] = SHAPES) -> None:
    """Write the merged weights of a step and their ledger."""
    path = folder / "checkpoints" / f"step_{step}{suffix}"
    path.parent.mkdir(exist_ok=True)
    random = np.random.default_rng(step)
    write_tensors(path, {name: random.normal(size=shape).astype(np.float32) for name, shape in names.items()})
    ledger = {"schema": 1, "step": step, "sha256": sha256_file(path), "base_sha256": BASE_SHA256}
    write_json(path.with_suffix(".json"), ledger)


def write_results(folder: Path, steps: tuple[int, ...] = STEPS) -> None:
    """Write predictions and the four result files."""
    labels = ["base", *(f"step_{step}" for step in steps)]
    squad: dict[str, Any] = {}
    accuracy: dict[str, Any] = {}
    score: dict[str, Any] = {}
    required = {"required_f1": 0.9 * BASE_F1, "required_em": 0.9 * BASE_EM, "reference": "base"}
    for index, label in enumerate(labels):
        for kind in ("squad", "accuracy"):
            row = {"id": "q1", "prompt_sha256": "0" * 64, "text": f"答 {index}", "tokens": 2, "seconds": 0.1}
            write_jsonl(folder / "predictions" / f"{kind}_{label}.jsonl", [row])
        f1, em = BASE_F1 - index, BASE_EM - 2 * index / 3
        passed = f1 >= required["required_f1"] and em >= required["required_em"]
        squad[label] = {
            "count": 200,
            "contest": {"f1": f1, "em": em},
            "official": {"f1": f1 + 1.0, "em": em},
            "gate": {**required, "passed": passed},
            **_predictions(folder, f"squad_{label}"),
        }
        correct = 61 + 40 * index
        accuracy[label] = {
            "count": 300,
            "correct": correct,
            "accuracy": correct / 300,
            "by_type": {"add": {"count": 300, "correct": correct, "accuracy": correct / 300}},
            "rules": {"exact": correct / 300, "rounded": correct / 300},
            "empty": 0,
            "unparsable": 2,
            **_predictions(folder, f"accuracy_{label}"),
        }
        if label != "base":
            points = (1 - TRAINABLE / TOTAL) * 0.3 + correct / 300 * 0.7
            score[label] = {"accuracy": correct / 300, "score": points, "gate_passed": passed, "eligible": passed}
    data = {"file": "data/squad.jsonl", "sha256": "1" * 64, "selection": "contest", "count": 200}
    results = folder / "results"
    write_json(results / "squad.json", {"schema": 1, "data": data, "checkpoints": squad})
    data = {"file": "data/test.jsonl", "sha256": "2" * 64, "selection": "all", "count": 300}
    write_json(results / "accuracy.json", {"schema": 1, "data": data, "checkpoints": accuracy})
    ratio = {"trainable": TRAINABLE, "total": TOTAL, "ratio": TRAINABLE / TOTAL}
    published = {"published_total": 330, "published_ratio": TRAINABLE / 330}
    log = {"log_sha256": sha256_file(folder / "train" / "msrun" / "worker_0.log")}
    write_json(results / "ratio.json", {"schema": 1, **ratio, **published, **log})
    eligible = [label for label, row in score.items() if row["eligible"]]
    best = max(eligible, key=lambda label: float(score[label]["score"]), default=None)
    value = {"schema": 1, "formula": "(1 - 1*r)*0.3 + accuracy*0.7", "ratio": TRAINABLE / TOTAL}
    write_json(results / "score.json", {**value, "checkpoints": score, "best": best})


def _predictions(folder: Path, name: str) -> dict[str, str]:
    path = folder / "predictions" / f"{name}.jsonl"
    return {"predictions": f"predictions/{name}.jsonl", "predictions_sha256": sha256_file(path)}


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file in place."""
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    write_json(path, value)


def rewrite(source: Path, target: Path, change: Callable[[dict[str, bytes]], None], honest: bool = False) -> Path:
    """Copy a zip after changing its files in memory.

    Args:
        source, target: the zips.
        change: gets name -> bytes and changes it.
        honest: make the manifest's sizes and hashes true again, as a careful forger would.
    """
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if honest:
        files["manifest.json"] = _honest(files)
    with zipfile.ZipFile(target, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return target


def _honest(files: dict[str, bytes]) -> bytes:
    from hashlib import sha256

    manifest = json.loads(files["manifest.json"])
    bodies = {name: body for name, body in files.items() if name != "manifest.json"}
    manifest["files"] = [
        {"path": name, "bytes": len(body), "sha256": sha256(body).hexdigest()} for name, body in bodies.items()
    ]
    for row in manifest["checkpoints"]:
        if row["path"] in bodies:
            row["bytes"], row["sha256"] = len(bodies[row["path"]]), sha256(bodies[row["path"]]).hexdigest()
            name = re.sub(r"\.(ckpt|safetensors)$", ".json", row["path"])
            ledger = json.loads(bodies[name])
            ledger["sha256"] = row["sha256"]
            files[name] = json.dumps(ledger).encode()
    if any(files[row["path"]] != bodies.get(row["path"]) for row in manifest["files"]):
        bodies = {name: body for name, body in files.items() if name != "manifest.json"}
        manifest["files"] = [
            {"path": name, "bytes": len(body), "sha256": sha256(body).hexdigest()} for name, body in bodies.items()
        ]
    return json.dumps(manifest).encode()

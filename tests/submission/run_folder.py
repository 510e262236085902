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
from core.config import load_contest
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


def config(steps: tuple[int, ...] = STEPS, without: tuple[str, ...] = (), **submission: Any) -> dict[str, Any]:
    """Return a composed configuration as run.yaml holds it; `without` names steps that the contest does not have."""
    settings = [
        *("data.records=3200", "data.seq_length=128", "train.epochs=1", "train.batch_size=16"),
        "data.validation_records=40",
        *("train.learning_rate=3.0e-05", "train.seed=7", "method.rank=2", "method.alpha=4"),
        *("eval.squad.max_new_tokens=12", "eval.accuracy.max_new_tokens=32", f"rules.checkpoints={len(steps)}"),
    ]
    composed = load_contest("practice_math", settings).model_dump(mode="json")
    composed["rules"] |= {**RULES, "checkpoints": len(steps)}
    composed["squad_prompt"] |= {"template": "Read.\n{passage}\n```\n{question}", "special_pieces": []}
    composed["submission"] |= {"team": "practice", **submission}
    if without:
        composed["steps"] = [step for step in composed["steps"] if step not in without]
    return composed


def make_run(
    folder: Path,
    steps: tuple[int, ...] = STEPS,
    suffix: str = ".ckpt",
    without: tuple[str, ...] = (),
    **submission: Any,
) -> Path:
    """Write a whole run folder; every figure in it agrees with every other."""
    settings = config(steps, without, **submission)
    write_text(folder / "run.yaml", yaml.safe_dump(settings, allow_unicode=True, sort_keys=False))
    write_json(folder / "environment.json", {"python": "3.11", "packages": {"mindspore": "2.9.0"}, "git": None})
    write_text(folder / "train" / "finetune.yaml", "run_mode: finetune\n")
    write_text(folder / "train" / "msrun" / "worker_0.log", LOG.format(trainable=TRAINABLE))
    write_text(folder / "train" / "msrun" / "worker_1.log", LOG.format(trainable=TRAINABLE))
    losses = ({"step": step, "loss": 2.5 - step / 50, "learning_rate": 1e-3} for step in range(1, steps[-1] + 1))
    write_jsonl(folder / "train" / "loss.jsonl", losses)
    validation = ({"step": step, "loss": 3.0 - step / 60, "tokens": 700, "seconds": 0.5} for step in steps)
    write_jsonl(folder / "train" / "validation.jsonl", validation)
    write_json(folder / "data" / "audit.json", {"schema": 1, "records": 3200, "dropped": {"overlong": 3}})
    write_jsonl(folder / "events.jsonl", [{"time": "2026-01-01T08:00:00", "event": "train"}])
    for step in steps:
        write_weights(folder, step, suffix)
    write_results(folder, steps, without)
    return folder


def write_weights(folder: Path, step: int, suffix: str = ".ckpt", names: dict[str, tuple[int, ...]] = SHAPES) -> None:
    """Write the merged weights of a step and their merge manifest."""
    path = folder / "checkpoints" / f"step_{step}{suffix}"
    path.parent.mkdir(exist_ok=True)
    random = np.random.default_rng(step)
    write_tensors(path, {name: random.normal(size=shape).astype(np.float32) for name, shape in names.items()})
    manifest = {"schema": 1, "step": step, "sha256": sha256_file(path), "base_sha256": BASE_SHA256}
    write_json(path.with_suffix(".json"), manifest)


def write_results(folder: Path, steps: tuple[int, ...] = STEPS, without: tuple[str, ...] = ()) -> None:
    """Write predictions and the result files, with every key that the evaluators write."""
    labels = ["base", *(f"step_{step}" for step in steps)]
    kinds = [kind for kind, step in (("squad", "retention"), ("accuracy", "accuracy")) if step not in without]
    for index, label in enumerate(labels):
        for kind in kinds:
            row = {"id": "q1", "prompt_sha256": "0" * 64, "text": f"答 {index}", "tokens": 2, "seconds": 0.1}
            write_jsonl(folder / "predictions" / f"{kind}_{label}.jsonl", [row])
    results = folder / "results"
    retention = {label: _retention(folder, label, index) for index, label in enumerate(labels)}
    accuracy = {label: _accuracy(folder, label, 61 + 40 * index) for index, label in enumerate(labels)}
    if "squad" in kinds:
        data = {"file": "squad.jsonl", "sha256": "1" * 64, "selection": "contest", "total": 200, "count": 200}
        write_json(results / "squad.json", {"schema": 1, "data": data, "checkpoints": retention})
    data = {"file": "test.jsonl", "sha256": "2" * 64, "selection": "all", "total": 300, "count": 300}
    write_json(results / "accuracy.json", {"schema": 1, "data": data, "checkpoints": accuracy})
    ratio = {"trainable": TRAINABLE, "total": TOTAL, "ratio": TRAINABLE / TOTAL}
    published = {"published_total": 330, "published_ratio": TRAINABLE / 330}
    log = {"log_sha256": sha256_file(folder / "train" / "msrun" / "worker_0.log")}
    write_json(results / "ratio.json", {"schema": 1, **ratio, **published, **log})
    _write_validation(folder, steps)
    score: dict[str, Any] = {}
    for label in labels[1:]:
        measured = accuracy[label]["accuracy"]
        passed = retention[label]["gate"]["passed"] if "squad" in kinds else None
        score[label] = {
            "accuracy": measured,
            "interval": accuracy[label]["interval"],
            "score": (1 - TRAINABLE / TOTAL) * 0.3 + measured * 0.7,
            "gate_passed": passed,
            "eligible": passed is not False,
            "rank": None,
        }
    eligible = [label for label, row in score.items() if row["eligible"]]
    best = max(eligible, key=lambda label: float(score[label]["score"]), default=None)
    value = {"schema": 1, "formula": "(1 - 1*r)*0.3 + accuracy*0.7", "ratio": TRAINABLE / TOTAL}
    value |= {"checkpoints": score, "best": best, "best_of": None}
    inputs = {name: sha256_file(results / f"{name}.json") for name in ("ratio", *kinds)}
    write_json(results / "score.json", {**value, "inputs": inputs})


def _write_validation(folder: Path, steps: tuple[int, ...]) -> None:
    losses = {f"step_{step}": {"loss": 3.0 - step / 60} for step in steps}
    value = {"schema": 1, "rows": 40, "tokens": 700, "evaluations": len(steps), "checkpoints": losses}
    value |= {"best": f"step_{steps[-1]}", "lowest_step": steps[-1], "lowest_loss": 3.0 - steps[-1] / 60}
    value |= {"stopped_at": None, "losses_sha256": sha256_file(folder / "train" / "validation.jsonl")}
    write_json(folder / "results" / "validation.json", value)


def _retention(folder: Path, label: str, index: int) -> dict[str, Any]:
    f1, em = BASE_F1 - index, BASE_EM - 2 * index / 3
    required_f1, required_em = 0.9 * BASE_F1, 0.9 * BASE_EM
    return {
        "count": 200,
        "missing": 0,
        "unknown": 0,
        "duplicates": 0,
        "truncated": 0,
        "empty": 0,
        "unanswerable": 0,
        "contest": _f1_em(f1, em),
        "official": _f1_em(f1 + 1.0, em),
        "intervals": {"confidence": 0.95, "method": "bootstrap over questions", "draws": 2000, "seed": 1},
        "gate": {
            "required_f1": required_f1,
            "required_em": required_em,
            "reference": "base",
            "share": 0.9,
            "margin_f1": f1 - required_f1,
            "margin_em": em - required_em,
            "kept_f1": f1 / BASE_F1,
            "kept_em": em / BASE_EM,
            "passed": f1 >= required_f1 and em >= required_em,
            "kept_f1_interval": [0.9, 1.1],
            "kept_em_interval": [0.9, 1.1],
            "pass_probability": 0.98,
            "within_interval": [],
            "paired": True,
        },
        **_predictions(folder, f"squad_{label}"),
    }


def _f1_em(f1: float, em: float) -> dict[str, Any]:
    return {"f1": f1, "f1_interval": [f1 - 5.5, f1 + 5.5], "em": em, "em_interval": [em - 6.5, em + 6.5]}


def _accuracy(folder: Path, label: str, correct: int) -> dict[str, Any]:
    share = {"accuracy": correct / 300, "interval": [correct / 300 - 0.05, correct / 300 + 0.05], "correct": correct}
    wrong = {"id": "q1", "type": "add", "span": "8", "reference": "7", "text": "3 + 4 = 8"}
    return {
        "count": 300,
        "missing": 0,
        "unknown": 0,
        "duplicates": 0,
        "truncated": 0,
        "judge": "math",
        "mode": "gen",
        "rule": "exact",
        **share,
        "confidence": 0.95,
        "by_type": {"add": {"count": 300, **share, "empty": 0, "unparsable": 2}},
        "rules": {"exact": correct / 300, "rounded": correct / 300},
        "rule_intervals": {"exact": share["interval"], "rounded": share["interval"]},
        "empty": 0,
        "unparsable": 2,
        "markers": {"=": 298},
        "errors": {"value": {"count": 300 - correct, "examples": [wrong]}},
        "categories": {},
        **_predictions(folder, f"accuracy_{label}"),
    }


def _predictions(folder: Path, name: str) -> dict[str, str]:
    path = folder / "predictions" / f"{name}.jsonl"
    if not path.is_file():
        return {}
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
            merge = json.loads(bodies[name])
            merge["sha256"] = row["sha256"]
            files[name] = json.dumps(merge).encode()
    if any(files[row["path"]] != bodies.get(row["path"]) for row in manifest["files"]):
        bodies = {name: body for name, body in files.items() if name != "manifest.json"}
        manifest["files"] = [
            {"path": name, "bytes": len(body), "sha256": sha256(body).hexdigest()} for name, body in bodies.items()
        ]
    return json.dumps(manifest).encode()

"""Hostile inputs in a process of their own, one after the other, with memory and time measured.

    python tests/attacks/bounded.py check FILE …     what a reader says of these files, and what it took

A reader may refuse an input (InputError, one line) or read it. Anything else is a crash.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

# What a hostile input may take at the most before its process is ended: beyond every bound that is tested.
_BACKSTOP_BYTES = 3 << 30
_BACKSTOP_SECONDS = 120


@dataclass(frozen=True)
class Outcome:
    """What became of an input: what was said ("" where it was read), processor seconds, largest memory so far (MB)."""

    name: str
    said: str
    crashed: bool
    seconds: float
    megabytes: int


def kit_modules() -> Iterator[Path]:
    """Yield the kit's own modules, for tests that look through their code."""
    for folder in sorted(ROOT.iterdir()):
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in ("tests", "benchmarks", "logs"):
            yield from sorted(folder.glob("**/*.py"))


def attacked(reader: str, inputs: Mapping[str, Path]) -> dict[str, Outcome]:
    """Let a reader read inputs in a process of its own; one that ends the process counts as a crash."""
    command = [sys.executable, str(Path(__file__)), reader, *map(str, inputs.values())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"said"')]
    found = {name: Outcome(name=name, **row) for name, row in zip(inputs, rows, strict=False)}
    for name in list(inputs)[len(rows) : len(rows) + 1]:
        found[name] = Outcome(name, f"ended its process ({done.returncode}): {done.stderr[-500:]}", True, 0.0, 0)
    return found


def check(path: Path) -> None:
    """Read a zip as the checker does, and print its verdict."""
    from submission.check import check_zip, print_verdict

    print_verdict(check_zip(path))


def tensors(path: Path) -> None:
    """Read a checkpoint's names and shapes."""
    from ckpt_tools.formats.tensors import open_tensors
    from ckpt_tools.formats.torch_file import is_torch, open_torch

    with (open_torch if is_torch(path) else open_tensors)(path) as opened:
        repr(opened.infos())


def adapter(path: Path) -> None:
    """Read an adapter folder and match its tensors."""
    from ckpt_tools.merging.adapter import open_adapter

    with open_adapter(path) as opened:
        repr(opened.changes)


def tokenizer(path: Path) -> None:
    """Load a tokenizer; the end of its name says of which kind."""
    from core.text.tokenizers import load_tokenizer

    kind: Any = path.suffix.removeprefix(".")
    loaded = load_tokenizer(kind, path, 0, 0, 0)
    loaded.decode(loaded.encode("a text of 12 words, 中文"))


def settings(path: Path) -> None:
    """Read a contest and a run.yaml; what it says of each is one line."""
    from core.config import load_contest, load_run
    from finetune.training.plan import make_plan
    from pipeline.beforehand.faults import faults

    config = load_contest(str(path)) if path.suffix == ".yaml" else load_contest("practice_math", _lines(path))
    faults(config, here=False)
    make_plan(config, config.data.records, "stated")
    if path.suffix == ".yaml":
        load_run(path)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")


def foreign_yaml(path: Path) -> None:
    """Read a YAML of any kind, and write it out again."""
    from core.files import read_text
    from core.yaml_text import dump_yaml, read_yaml

    dump_yaml(read_yaml(read_text(path), str(path)))


def documents(path: Path) -> None:
    """Read a JSON file as every room does that reads one; at least one of them has to refuse it."""
    from ckpt_tools.conversion.model_settings import hf_settings, meta_settings
    from ckpt_tools.formats.sharded import open_sharded
    from ckpt_tools.merging.adapter import read_info
    from core.audit import converted_columns, filling, trained_prompt
    from core.errors import InputError
    from core.result_types import AccuracyResult
    from core.results import read_result
    from core.run_folder import RunFolder
    from core.text.records import read_records
    from evaluation.answers.predictions import read_predictions

    folder = path.parent / f"{path.name}.folder"
    folder.mkdir(exist_ok=True)
    for name in ("adapter.json", "events.jsonl", "model.safetensors.index.json", "predictions.jsonl"):
        (folder / name).write_bytes(path.read_bytes())
    readers: tuple[Callable[[], Any], ...] = (
        lambda: read_info(folder),
        lambda: RunFolder(folder).steps.last(),
        lambda: RunFolder(folder).finished("train"),
        lambda: open_sharded(folder / "model.safetensors.index.json"),
        lambda: read_predictions(path),
        lambda: read_predictions(folder / "predictions.jsonl"),
        lambda: read_records(path),
        lambda: read_result(path, AccuracyResult),
        lambda: filling(path),
        lambda: converted_columns(path),
        lambda: trained_prompt(path, "math"),
        lambda: hf_settings(path),
        lambda: meta_settings(path),
    )
    refused = []
    for reader in readers:
        try:
            repr(reader())
        except InputError as error:
            refused.append(str(error))
    if refused:
        raise InputError(refused[0])


def corpora(path: Path) -> None:
    """Read a corpus whose format is told by its content."""
    from data_convert.readers.read import read_corpus

    for record in read_corpus(path):
        repr(record)


def texts(path: Path) -> None:
    """Compare a text with itself backwards by every judge and both metrics of SQuAD."""
    from core.errors import InputError
    from core.registry import JUDGES
    from core.text.records import Record
    from eval_accuracy.judges import Answer
    from eval_squad.metrics import contest_metric, official_metric

    text = path.read_text(encoding="utf-8")
    for name in JUDGES.names():
        for task, reference in (("math", "42"), ("choice", "A"), ("instruction", text[::-1])):
            question = "计算 6 * 7 等于多少？" if task == "math" else "Which?\nA. a\nB. b\nC. c\nD. d"
            if JUDGES.get(name).judges(task):
                with contextlib.suppress(InputError):  # a judge of letters has none for a text as reference
                    JUDGES.get(name).decide(Record("1", task, question, reference), Answer(text))
    contest_metric.f1(text, text[::-1])
    contest_metric.em(text, text[::-1])
    official_metric.best(text, [text[::-1]])


READERS: dict[str, Callable[[Path], None]] = {
    one.__name__: one for one in (check, tensors, adapter, tokenizer, settings, foreign_yaml, documents, corpora, texts)
}


def outcome(reader: Callable[[Path], None], path: Path) -> dict[str, Any]:
    """Let a reader read one input; return what an `Outcome` holds of it."""
    from core.errors import KitError, is_refusal

    began, said, crashed = time.process_time(), "", False
    children = _child_seconds()
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            reader(path)
        said = "" if "problems" not in printed.getvalue() else "problems"
        printed.getvalue().encode("utf-8")
    except KitError as error:
        said = str(error)
        crashed = "\n" in said or len(said) > 10_100 or any("\ud800" <= char <= "\udfff" for char in said)
    except BaseException as error:  # whatever a user would see as a traceback
        said = f"{type(error).__name__}: {str(error)[:300]}"
        crashed = not (isinstance(error, Exception) and is_refusal(error))
    seconds = time.process_time() - began + _child_seconds() - children
    return {"said": said[:600], "crashed": crashed, "seconds": round(seconds, 2), "megabytes": _peak()}


def _peak() -> int:
    """Return the largest memory of this process so far (MB); what getrusage says is its parent's before that."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))


def _child_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(words: Sequence[str]) -> int:
    """Read files and print a line of JSON for each."""
    resource.setrlimit(resource.RLIMIT_AS, (_BACKSTOP_BYTES, _BACKSTOP_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_BACKSTOP_SECONDS, _BACKSTOP_SECONDS))
    reader = READERS[words[0]]
    for word in words[1:]:
        print(json.dumps(outcome(reader, Path(word))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How fast a corpus becomes MindRecord: the kit's conversion against a straightforward converter.

The straightforward one works as the contest's script does: one process, one record at a time, MindFormers' tokenizer
class, one row handed to MindSpore's FileWriter at a time. Both read the same JSON Lines file, use the same prompt and
tokenizer, and have to arrive at the same token ids and labels. Times are of the work alone, without start and imports.

    python benchmarks/convert.py --records 100000 --tokenizer ../shared/data/tokenizers/internlm_7b/tokenizer.model
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import psutil

from core.config import load_contest
from core.errors import GateError, run_command
from core.files import sha256_text
from core.places import ROOT
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.text.prompts import Prompt, render
from core.text.records import Record
from core.text.tokenizers import load_tokenizer
from data_convert.corpus.workers import processors
from data_convert.mindrecord import MindRecordReader, MindRecordWriter
from data_convert.rows.rows import IGNORED, Audit, RowSettings, rows
from data_convert.rows.tokenise import Encoder

T = TypeVar("T")
_BLOCK = 4096


def model_settings(tokenizer: Path) -> list[str]:
    """Return the settings of InternLM's tokenizer and of the contest's sequence length."""
    return [
        *("model.tokenizer.kind=sentencepiece", f"model.tokenizer.file={tokenizer}", "model.vocab_size=103168"),
        *("model.bos_token_id=1", "model.eos_token_id=2", "model.pad_token_id=2", "data.seq_length=256"),
    ]


def settings(corpus: Path, other: Path, tokenizer: Path, *more: str) -> RunConfig:
    """Return a run that trains on every record of `corpus`, as it stands."""
    return load_contest(
        "practice_math",
        [
            *model_settings(tokenizer),
            *(f"data.train={corpus}", f"data.test={other}", "data.dedup=none", "data.retention_records=0"),
            *more,
        ],
    )


def straightforward(config: RunConfig, target: Path) -> None:
    """Convert one record after the other with MindFormers' tokenizer and MindSpore's writer."""
    from mindformers.models.llama import LlamaTokenizer
    from mindspore.mindrecord import FileWriter

    tokenizer = LlamaTokenizer(config.model.tokenizer.file, add_bos_token=False, add_eos_token=False)
    width = config.data.seq_length + 1
    writer = FileWriter(str(target), shard_num=1)
    column = {"type": "int32", "shape": [-1]}
    writer.add_schema({"input_ids": column, "labels": column}, "straightforward")
    with Path(str(config.data.train)).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            prompt = render(config.prompt, Record("", "math", row["problem"], row["solution"]))
            start = [tokenizer.bos_token_id, *tokenizer(prompt)["input_ids"]]
            ids = start + tokenizer(row["solution"])["input_ids"] + [tokenizer.eos_token_id]
            if len(ids) > width:
                continue
            labels = [IGNORED] * len(start) + ids[len(start) :]
            padding = width - len(ids)
            item = {
                "input_ids": np.array(ids + [config.model.pad_token_id] * padding, dtype=np.int32),
                "labels": np.array(labels + [IGNORED] * padding, dtype=np.int32),
            }
            writer.write_raw_data([item])
    writer.commit()


def pieces(files: Sequence[Path], eos: int) -> list[str]:
    """Return the records of MindRecord files as hashes of their ids and labels, in ascending order."""
    found = []
    for file in files:
        with MindRecordReader(file) as reader:
            for number in range(len(reader)):
                row = reader[number]
                ids, labels = row["input_ids"].tolist(), row["labels"].tolist()
                begin = 0
                for at, (token, label) in enumerate(zip(ids, labels, strict=True)):
                    if token == eos and label == eos:
                        found.append(sha256_text(f"{ids[begin : at + 1]}{labels[begin : at + 1]}"))
                        begin = at + 1
    return sorted(found)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what `work` returns and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def kit(config: RunConfig, folder: Path, processes: int) -> tuple[list[Path], float]:
    """Convert with the kit; return its files and the seconds it took."""
    from data_convert.conversion.convert import convert

    folder.mkdir()
    run = RunFolder(folder)
    _, seconds = timed(lambda: convert(config, run, processes))
    return sorted((run.data / "mindrecord").glob("*.mindrecord")), seconds


def peak_memory(words: list[str]) -> tuple[float, float]:
    """Run a command; return the most memory its processes held together (GiB, proportional set size) and seconds."""
    started, most = time.perf_counter(), 0
    process = psutil.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=ROOT)
    while process.poll() is None:
        held = 0
        for one in [process, *_children(process)]:
            try:
                held += one.memory_full_info().pss
            except psutil.Error:
                continue
        most = max(most, held)
        time.sleep(0.05)
    return most / 2**30, time.perf_counter() - started


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def floors(config: RunConfig, target: Path, count: int) -> Iterator[tuple[str, float]]:
    """Yield what one process takes for the tokenizer alone and for the writer alone: (name, records per second)."""
    model = config.model
    tokenizer = load_tokenizer("sentencepiece", Path(model.tokenizer.file), 1, 2, 2)
    with Path(str(config.data.train)).open(encoding="utf-8") as lines:
        rows_read = [json.loads(next(lines)) for _ in range(count)]
    records = [Record("", "math", row["problem"], row["solution"]) for row in rows_read]
    whole = [render(config.prompt, record) for record in records]
    _, seconds = timed(lambda: [tokenizer.encode_batch(whole), tokenizer.encode_batch([r.answer for r in records])])
    yield "tokenizer alone, whole prompts and answers", count / seconds
    prompts: dict[str, Prompt] = {"math": config.prompt}
    encoder = Encoder(prompts, tokenizer)
    blocks = [records[at : at + _BLOCK] for at in range(0, count, _BLOCK)]
    encoded, seconds = timed(lambda: [encoder.encode(block) for block in blocks])
    yield "tokenizer alone, fixed text encoded once", count / seconds
    made = [
        rows(block, RowSettings(config.data.seq_length + 1, model.pad_token_id), Audit(), tokenizer)
        for block in encoded
    ]

    def write() -> None:
        with MindRecordWriter(target, made[0]) as writer:
            for block in made:
                writer.write(block)

    _, seconds = timed(write)
    yield "writer alone", count / seconds


def main(argv: Sequence[str]) -> int:
    """Make a corpus, convert it in each way, compare, print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000, help="records of the corpus (default: %(default)s)")
    parser.add_argument("--tokenizer", type=Path, required=True, help="a sentencepiece model file")
    parser.add_argument(
        "--rounds", type=int, default=3, help="times the kit's conversion is run (default: %(default)s)"
    )
    parser.add_argument(
        "--memory", type=int, metavar="N", help="instead: memory of the whole command on N records of stage 1's look"
    )
    arguments = parser.parse_args(argv)
    if arguments.memory:
        return _memory(arguments.memory, arguments.tokenizer.resolve())
    os.environ.setdefault("LOCAL_DEFAULT_PATH", tempfile.gettempdir())
    processes = processors()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus, other = folder / "corpus.jsonl", folder / "other.jsonl"
        _make(corpus, arguments.records, 1)
        _make(other, 1, 2)
        plain = settings(corpus, other, arguments.tokenizer.resolve(), "data.check=false")
        _, slow = timed(lambda: straightforward(plain, folder / "slow.mindrecord"))
        expected = pieces([folder / "slow.mindrecord"], 2)
        print(f"{'straightforward':44} {slow:8.2f} s {arguments.records / slow:9,.0f} records/s")
        for label, more in (
            ("kit, one record a row", ["data.check=false"]),
            ("kit, packed", ["data.check=false", "data.packing=true"]),
            ("kit, packed, solutions checked", ["data.packing=true"]),
        ):
            config = settings(corpus, other, arguments.tokenizer.resolve(), *more)
            tries = [kit(config, folder / f"{label} {number}", processes) for number in range(arguments.rounds)]
            seconds = sorted(took for _, took in tries)[len(tries) // 2]
            if pieces(tries[0][0], 2) != expected:
                raise GateError(f"{label}: token ids or labels differ from the straightforward converter's")
            rate = f"{seconds:8.2f} s {arguments.records / seconds:9,.0f} records/s"
            print(f"{label:44} {rate} {slow / seconds:6.1f} times, same ids and labels")
        for label, rate_alone in floors(plain, folder / "floor.mindrecord", min(arguments.records, 20_000)):
            print(f"{'one process: ' + label:55} {rate_alone:9,.0f} records/s")
    return 0


def _memory(count: int, tokenizer: Path) -> int:
    """Convert with the command, every check on; print the most memory that its processes held together."""
    with tempfile.TemporaryDirectory() as name:
        corpus = Path(name) / "corpus.jsonl"
        _make(corpus, count, 1)
        words = [sys.executable, "data_convert/run.py", "--contest", "practice_math", f"data.train={corpus}"]
        os.environ["KIT_LOGS"] = name
        most, seconds = peak_memory([*words, *model_settings(tokenizer), "data.retention_records=0"])
    print(f"{count:,} records: {seconds:.1f} s, {most:.2f} GiB at the most in all processes (proportional set size)")
    return 0


def _make(path: Path, count: int, seed: int) -> None:
    words = [
        "data_convert/make.py",
        "--corpus",
        "math",
        "--records",
        str(count),
        "--seed",
        str(seed),
        "--out",
        str(path),
    ]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(run_command(main))

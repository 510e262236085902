"""Command: make the practice base model from nothing — tokenizer, rows, weights — with the kit's own worker.

Its results are kept in assets/practice/; this is how they were made, and how they can be made again.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import yaml

from backend.launch import launch
from backend.versions import version
from core.command import command_parser
from core.config import CONFIGS, load_contest, settings_in
from core.errors import run_command
from core.files import make_folder, read_text, replacing, write_text
from core.places import ROOT
from core.progress import say
from core.step_names import step_name
from core.text.prompt_tokens import text_ids
from core.text.prompts import Prompt
from core.text.tokenizers import SentencePieceTokenizer
from data_convert.mindrecord import write_mindrecord
from data_convert.practice.pretrain import PHASES, Piece, Shares, documents
from data_convert.rows.rows import IGNORED

_EXAMPLE = """example (about an hour on two cores; started again, it goes on with the phase that was interrupted):
  python finetune/pretrain_practice.py --out pretrained
"""
_TOKENIZER_DOCUMENTS, _TOKENIZER_SEED = 40_000, 1
_BATCH, _SEQ_LENGTH, _LR_END = 32, 192, 2e-5
# Marks of InternLM's conversation, and the newline, are pieces of their own.
_PIECES = ["\n", "<|User|>", "<|Bot|>", "<eoh>", "<eoa>"]


@dataclass(frozen=True)
class Phase:
    """One phase of the training: which documents, how many optimizer steps, from which learning rate."""

    shares: Shares
    seed: int
    steps: int
    learning_rate: float


_PHASES = (Phase(PHASES[0], 7, 3600, 2e-3), Phase(PHASES[1], 8, 1500, 1e-3))


def main(argv: Sequence[str]) -> int:
    """Parse arguments and make tokenizer, rows and weights."""
    parser = command_parser("finetune/pretrain_practice.py", "Train the practice base model from nothing.", _EXAMPLE)
    parser.add_argument("--out", type=Path, required=True, help="a folder for everything that is made")
    out = parser.parse_args(argv).out.resolve()
    make_folder(out)
    prompts = {name: _prompt(name) for name in ("squad", "alpaca", "internlm_chat")}
    if not (out / "tokenizer.model").is_file():
        train_tokenizer(out / "tokenizer.model", prompts)
    tokenizer = SentencePieceTokenizer(out / "tokenizer.model", 1, 2, 3)
    weights: Path | None = None
    for number, phase in enumerate(_PHASES, start=1):
        folder = out / f"phase_{number}"
        trained = folder / "train" / "adapters" / step_name(phase.steps) / "model.ckpt"
        if not trained.is_file():
            say(f"phase {number} of {len(_PHASES)}: {phase.steps} steps")
            _train(folder, phase, tokenizer, prompts, weights)
        weights = trained
    say(f"weights: {weights}")
    return 0


def _train(
    folder: Path, phase: Phase, tokenizer: SentencePieceTokenizer, prompts: dict[str, Prompt], start: Path | None
) -> None:
    documents_of_phase = documents(phase.seed, prompts, phase.shares)
    rows = itertools.islice(packed_rows(tokenizer, prompts, documents_of_phase), phase.steps * _BATCH)
    write_mindrecord(folder / "mindrecord" / "train.mindrecord", rows)
    write_text(folder / "pretrain.yaml", yaml.safe_dump(trainer_yaml(folder, phase, start), sort_keys=False))
    command = [sys.executable, str(ROOT / "backend" / "worker.py"), str(folder / "pretrain.yaml")]
    launch(command, folder / "log", folder / "train" / "loss.jsonl", phase.steps, threads=2)


def _prompt(name: str) -> Prompt:
    return Prompt(**settings_in(read_text(CONFIGS / "prompts" / f"{name}.yaml"), name))


def train_tokenizer(path: Path, prompts: dict[str, Prompt]) -> None:
    """Train the sentencepiece model of 1,088 pieces on the lines of the practice documents."""
    import io

    import sentencepiece

    made = itertools.islice(documents(_TOKENIZER_SEED, prompts), _TOKENIZER_DOCUMENTS)
    lines = (line for pieces in made for text, _ in pieces for line in text.split("\n") if line.strip())
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=lines,
        model_writer=model,
        vocab_size=1088,
        model_type="bpe",
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=True,
        character_coverage=1.0,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        user_defined_symbols=_PIECES,
        num_threads=2,
        minloglevel=2,
    )
    with replacing(path) as partial:
        partial.write_bytes(model.getvalue())


def packed_rows(
    tokenizer: SentencePieceTokenizer, prompts: dict[str, Prompt], made: Iterator[list[Piece]]
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield (input_ids, labels) of 193 numbers, several documents in a row, none of them cut.

    BOS goes before a document as its prompt says: retention prompts, which are the only ones with passages, have none.
    """
    width = _SEQ_LENGTH + 1
    ids: list[int] = []
    labels: list[int] = []
    for pieces in made:
        without_bos = pieces[0][0].startswith(prompts["squad"].template.partition("{")[0])
        document = [] if without_bos else [tokenizer.bos_id]
        learned = [IGNORED] * len(document)
        for text, learn in pieces:
            # All texts are the kit's own: marks in them are meant.
            tokens = text_ids(prompts["squad"], text, tokenizer) + [tokenizer.eos_id] * learn
            document += tokens
            learned += tokens if learn else [IGNORED] * len(tokens)
        if len(document) > width:
            continue
        if len(ids) + len(document) > width:
            padding = width - len(ids)
            yield ids + [tokenizer.pad_id] * padding, labels + [IGNORED] * padding
            ids, labels = [], []
        ids, labels = ids + document, labels + learned


def trainer_yaml(out: Path, phase: Phase, start: Path | None) -> dict[str, Any]:
    """Return the MindFormers YAML of a phase: all parameters, one process, from fresh weights or those of `start`."""
    config = load_contest(
        "practice_math",
        [
            "machine.workers=1",
            "machine.data_parallel=1",
            f"data.seq_length={_SEQ_LENGTH}",
            "train.epochs=1",
            f"train.batch_size={_BATCH}",
            f"train.learning_rate={phase.learning_rate}",
            f"train.lr_end={_LR_END}",
            "train.warmup_ratio=0.02",
        ],
    )
    quarters = [phase.steps * part // 4 for part in range(1, 5)]
    made = version().finetune_yaml(config, out / "mindrecord" / "train.mindrecord", out / "train", start, quarters)
    model = made["model"]["model_config"]
    del model["pet_config"]
    model["init_method_std"] = 0.02
    for callback in made["callbacks"]:
        if callback["type"] == "StepMonitor":
            callback["full"] = True
    return made


if __name__ == "__main__":
    sys.exit(run_command(main))

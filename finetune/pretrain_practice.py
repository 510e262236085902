"""Command: make the practice base models — tokenizer, rows, weights — with the kit's own worker.

Its results are kept in assets/practice/; this is how they were made, and how they can be made again.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import yaml

from backend.launch import launch
from backend.versions import version
from ckpt_tools.conversion.vocabulary import carry_over
from core.command import command_parser
from core.config import CONFIGS, kit_path, load_contest, load_model, settings_in
from core.errors import run_command
from core.files import make_folder, read_text, replacing, write_text
from core.places import ROOT
from core.progress import say
from core.step_names import step_name
from core.text.prompt_tokens import text_ids
from core.text.prompts import Prompt
from core.text.tokenizers import SentencePieceTokenizer
from data_convert.mindrecord import write_mindrecord
from data_convert.practice import pretrain_choice
from data_convert.practice.pretrain import PHASES, Piece, Shares, documents
from data_convert.rows.rows import IGNORED

_EXAMPLE = """example (started again, it goes on with the phase that was interrupted):
  python finetune/pretrain_practice.py --out pretrained                                  # about an hour on two cores
  python finetune/pretrain_practice.py --model practice_choice --out pretrained_choice   # about an hour
"""
_TOKENIZER_SEED, _LR_END = 1, 2e-5
# Marks of InternLM's conversation, and the newline, are pieces of their own.
_PIECES = ["\n", "<|User|>", "<|Bot|>", "<eoh>", "<eoa>"]
Documents = Callable[[int, dict[str, Prompt]], Iterator[list[Piece]]]


@dataclass(frozen=True)
class Phase:
    """One phase of the training.

    Attributes:
        documents: what is learned from, made from a seed and the prompts.
        seed: of the documents.
        steps: optimizer steps.
        learning_rate: of the first step after the warm-up.
        batch: rows of a step.
        seq_length: tokens of a row.
        packed: whether a row holds several documents, each of which sees those before it.
        kept: the step whose weights are gone on with, a quarter, half or three quarters of `steps`; None: the last one.
    """

    documents: Documents
    seed: int
    steps: int
    learning_rate: float
    batch: int = 32
    seq_length: int = 192
    packed: bool = True
    kept: int | None = None


@dataclass(frozen=True)
class Recipe:
    """How a base model is made.

    Attributes:
        contest: whose base model it is.
        lines: the documents on whose lines the tokenizer is trained.
        line_documents: how many of them.
        pieces: of the tokenizer, all in all.
        words: that are pieces of their own.
        phases: of the training, each from the weights of the one before.
        start: the model whose weights the first phase begins with; None begins with fresh weights.
    """

    contest: str
    lines: Documents
    line_documents: int
    pieces: int
    words: tuple[str, ...]
    phases: tuple[Phase, ...]
    start: str | None = None


def _practice(shares: Shares) -> Documents:
    return lambda seed, prompts: documents(seed, prompts, shares)


def _choice(shares: dict[str, float]) -> Documents:
    return lambda seed, prompts: pretrain_choice.documents(seed, prompts, shares)


RECIPES = {
    "practice": Recipe(
        "practice_math",
        _practice(PHASES[0]),
        40_000,
        1088,
        (),
        (Phase(_practice(PHASES[0]), 7, 3600, 2e-3), Phase(_practice(PHASES[1]), 8, 1500, 1e-3)),
    ),
    # A document alone in its row: before others, the right option of an earlier question is taken for this one's.
    "practice_choice": Recipe(
        "practice_choice",
        _choice(pretrain_choice.LINES),
        20_000,
        1536,
        pretrain_choice.WORDS,
        (
            Phase(_choice(pretrain_choice.LISTS), 9, 1000, 2e-3, 32, 32, False, 500),
            Phase(_choice(pretrain_choice.QUESTIONS), 10, 600, 1.2e-3, 32, 40, False, 300),
            Phase(_choice(pretrain_choice.ANSWERS), 11, 600, 1.5e-3, 16, 96, False, 450),
        ),
        start="practice",
    ),
}


def main(argv: Sequence[str]) -> int:
    """Parse arguments and make tokenizer, rows and weights."""
    parser = command_parser("finetune/pretrain_practice.py", "Train a practice base model.", _EXAMPLE)
    parser.add_argument("--out", type=Path, required=True, help="a folder for everything that is made")
    parser.add_argument("--model", choices=list(RECIPES), default="practice", help="which one (%(default)s)")
    arguments = parser.parse_args(argv)
    out, recipe = arguments.out.resolve(), RECIPES[arguments.model]
    make_folder(out)
    prompts = {name: _prompt(name) for name in ("squad", "alpaca", "internlm_chat")}
    file = out / "tokenizer.model"
    if not file.is_file():
        train_tokenizer(file, recipe, prompts)
    tokenizer = SentencePieceTokenizer(file, 1, 2, 3)
    weights = None if recipe.start is None else _carried_over(recipe.start, tokenizer, out / "start.ckpt")
    for number, phase in enumerate(recipe.phases, start=1):
        folder = out / f"phase_{number}"
        trained = folder / "train" / "adapters" / step_name(phase.kept or phase.steps) / "model.ckpt"
        if not trained.is_file():
            say(f"phase {number} of {len(recipe.phases)}: {phase.steps} steps")
            _train(folder, recipe.contest, phase, tokenizer, prompts, weights)
        weights = trained
    say(f"weights: {weights}")
    return 0


def _carried_over(model: str, tokenizer: SentencePieceTokenizer, path: Path) -> Path:
    given = load_model(model)
    old = SentencePieceTokenizer(kit_path(given.tokenizer.file), 1, 2, 3)
    carry_over(kit_path(given.checkpoint), old, tokenizer, path)
    return path


def _train(
    folder: Path,
    contest: str,
    phase: Phase,
    tokenizer: SentencePieceTokenizer,
    prompts: dict[str, Prompt],
    start: Path | None,
) -> None:
    made = packed_rows(tokenizer, prompts, phase.documents(phase.seed, prompts), phase.seq_length + 1, phase.packed)
    rows = itertools.islice(made, phase.steps * phase.batch)
    write_mindrecord(folder / "mindrecord" / "train.mindrecord", rows)
    write_text(folder / "pretrain.yaml", yaml.safe_dump(trainer_yaml(folder, contest, phase, start), sort_keys=False))
    command = [sys.executable, str(ROOT / "backend" / "worker.py"), str(folder / "pretrain.yaml")]
    launch(command, folder / "log", folder / "train" / "loss.jsonl", phase.steps, threads=2)


def _prompt(name: str) -> Prompt:
    return Prompt(**settings_in(read_text(CONFIGS / "prompts" / f"{name}.yaml"), name))


def train_tokenizer(path: Path, recipe: Recipe, prompts: dict[str, Prompt]) -> None:
    """Train the sentencepiece model of a recipe on the lines of its documents."""
    import io

    import sentencepiece

    made = itertools.islice(recipe.lines(_TOKENIZER_SEED, prompts), recipe.line_documents)
    lines = (line for pieces in made for text, _ in pieces for line in text.split("\n") if line.strip())
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=lines,
        model_writer=model,
        vocab_size=recipe.pieces,
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
        user_defined_symbols=[*_PIECES, *recipe.words],
        num_threads=2,
        minloglevel=2,
    )
    with replacing(path) as partial:
        partial.write_bytes(model.getvalue())


def packed_rows(
    tokenizer: SentencePieceTokenizer,
    prompts: dict[str, Prompt],
    made: Iterator[list[Piece]],
    width: int,
    packed: bool = True,
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield (input_ids, labels) of `width` numbers, one document or, packed, several in a row, none of them cut.

    BOS goes before a document as its prompt says: retention prompts, which are the only ones with passages, have none.
    """
    ids: list[int] = []
    labels: list[int] = []
    for pieces in made:
        document, learned = _document(pieces, tokenizer, prompts["squad"])
        if len(document) > width:
            continue
        if ids and (not packed or len(ids) + len(document) > width):
            padding = width - len(ids)
            yield ids + [tokenizer.pad_id] * padding, labels + [IGNORED] * padding
            ids, labels = [], []
        ids, labels = ids + document, labels + learned


def _document(pieces: list[Piece], tokenizer: SentencePieceTokenizer, reading: Prompt) -> tuple[list[int], list[int]]:
    """Return a document's ids and labels; labels[n] is what the model learns to expect after ids[:n]."""
    ids = [] if pieces[0][0].startswith(reading.template.partition("{")[0]) else [tokenizer.bos_id]
    labels = [IGNORED] * len(ids)
    expected = IGNORED
    for text, learn in pieces:
        # All texts are the kit's own: marks in them are meant.
        tokens = text_ids(reading, text, tokenizer)
        marks = tokens if learn is True else [expected] + [IGNORED] * (len(tokens) - 1)
        expected = IGNORED
        if isinstance(learn, tuple):
            for end, token in learn:
                marks[len(text_ids(reading, text[:end], tokenizer))] = _last(token, tokenizer)
        elif isinstance(learn, str):
            expected = _last(learn, tokenizer)
        ids, labels = ids + tokens, labels + marks
        if learn is True:
            ids, labels = [*ids, tokenizer.eos_id], [*labels, tokenizer.eos_id]
    if expected != IGNORED:
        ids, labels = [*ids, tokenizer.eos_id], [*labels, expected]
    return ids, labels


def _last(text: str, tokenizer: SentencePieceTokenizer) -> int:
    """Return the last token of a text: a Chinese word has the space before it as a token of its own."""
    return tokenizer.encode(text)[-1]


def trainer_yaml(out: Path, contest: str, phase: Phase, start: Path | None) -> dict[str, Any]:
    """Return the MindFormers YAML of a phase: all parameters, one process, from fresh weights or those of `start`."""
    config = load_contest(
        contest,
        [
            "machine.workers=1",
            "machine.data_parallel=1",
            f"data.seq_length={phase.seq_length}",
            "train.epochs=1",
            f"train.batch_size={phase.batch}",
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

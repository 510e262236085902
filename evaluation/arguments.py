"""What the evaluators' commands say to models: where answers come from, and how questions are put."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.config import load_contest
from core.errors import InputError
from core.text.prompts import render
from core.text.records import Record
from evaluation.checkpoints import Target
from evaluation.job import Job
from evaluation.requests import MODES, Ask, Shots, rotated


def add_asking_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how multiple choice is asked: --mode, --weigh, --shots, --shots-from."""
    parser.add_argument(
        "--mode",
        choices=MODES,
        default="generate",
        help="generate (default): the model writes its answer; loglikelihood: the likeliest of the options' answers "
        "counts (MMLU, CMMLU); circular: it answers under all four rotations of the options",
    )
    parser.add_argument(
        "--weigh",
        choices=("letter", "text"),
        default="letter",
        help="with --mode loglikelihood, what is weighed: the answer with each letter in its place, or the options' "
        "own texts (default: %(default)s)",
    )
    parser.add_argument("--shots", type=int, help="show so many examples of the question's subject before it")
    parser.add_argument(
        "--shots-from", type=Path, metavar="PATH", help="where they are taken from: any corpus, such as a dev split"
    )


def asked_as(options: argparse.Namespace, read: Callable[[Path], Sequence[Record]]) -> Ask:
    """Return how the command line wants questions to be put; `read` reads the examples' file or folder.

    Raises:
        InputError: settings that do not go together, or examples that cannot be read.
    """
    if (options.shots is None) != (options.shots_from is None):
        raise InputError("--shots and --shots-from belong together: how many examples, and from where")
    if options.predictions and (options.mode != "generate" or options.shots):
        raise InputError("--mode and --shots say how a model is asked; --predictions are answers already")
    shots = Shots(read(options.shots_from), options.shots, str(options.shots_from)) if options.shots_from else None
    return Ask(options.mode, options.weigh, shots)


def prediction_files(job: Job, records: Sequence[Record], ask: Ask | None = None) -> Iterator[tuple[Target, Path]]:
    """Yield (checkpoint, predictions file), answered one after another, or the predictions that are there already.

    Args:
        job: the command.
        records: the questions.
        ask: how they are put; None: as they are.

    Raises:
        InputError: see `evaluation.predictor`.
    """
    options = job.options
    if job.run is None or job.config is None or options.predictions:
        yield Target("predictions", options.predictions, of_run=False), options.predictions
        return
    # Imported here: scoring existing predictions must not need MindSpore.
    from evaluation.predictor import predict_all, predict_served

    asked = rotated(records) if ask and ask.mode == "circular" else records
    if options.server:
        yield predict_served(job.config, job.run, asked, job.kind, ask)
    else:
        yield from predict_all(options.ckpt, job.config, job.run, asked, job.kind, job.asks_as_set_up, ask)


def plain_prompts(job: Job, records: Sequence[Record]) -> dict[str, str]:
    """Return the rendered prompts of the task's records by id, where the contest or run says how they are rendered."""
    contest = job.options.contest
    config = load_contest(contest) if contest else job.config
    if config is None:
        return {}
    return {record.id: render(config.prompt, record) for record in records if record.task == config.task}


def plan(job: Job, records: Sequence[Record], ask: Ask | None = None) -> str:
    """Return what `prediction_files` would do, as YAML; nothing is asked.

    Raises:
        InputError: there is no model to ask, or as `prediction_files`, as far as that shows beforehand.
    """
    if job.run is None or job.config is None or job.options.predictions:
        raise InputError("--dry-run shows how a model would be asked: give --ckpt or --server")
    from evaluation.dry_run import planned

    asked = rotated(records) if ask and ask.mode == "circular" else records
    return planned(job, asked, ask or Ask())

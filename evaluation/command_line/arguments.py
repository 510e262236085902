"""What the evaluators' commands say to models: where answers come from, and how questions are put."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.config import load_contest
from core.errors import InputError
from core.text.prompts import render
from core.text.records import Record
from evaluation.asking.requests import MODES, FewShot, RequestSettings, rotated
from evaluation.command_line.checkpoints import Checkpoint
from evaluation.command_line.evaluation import Evaluation


def add_asking_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how multiple choice is asked: --mode, --score-options, --shots, --shots-from."""
    parser.add_argument(
        "--mode",
        choices=MODES,
        default="generate",
        help="generate (default): the model writes its answer; loglikelihood: the option with the highest "
        "log-likelihood is its answer (MMLU, CMMLU); circular: it answers under all four rotations of the options",
    )
    parser.add_argument(
        "--score-options",
        choices=("letter", "text"),
        default="letter",
        help="with --mode loglikelihood, score the answer with each letter in its place, or the options' own texts "
        "(default: %(default)s)",
    )
    # Its former name, which is still read.
    parser.add_argument(
        "--weigh", dest="score_options", choices=("letter", "text"), default="letter", help=argparse.SUPPRESS
    )
    parser.add_argument("--shots", type=int, metavar="N", help="few-shot: show N examples of the question's subject")
    parser.add_argument(
        "--shots-from", type=Path, metavar="PATH", help="where the examples come from: any corpus, such as a dev split"
    )


def request_settings(arguments: argparse.Namespace, read: Callable[[Path], Sequence[Record]]) -> RequestSettings:
    """Return how the command line wants questions to be put; `read` reads the examples' file or folder.

    Raises:
        InputError: settings that do not go together, or examples that cannot be read.
    """
    if (arguments.shots is None) != (arguments.shots_from is None):
        raise InputError("--shots and --shots-from belong together: how many examples, and from where")
    if arguments.predictions and (arguments.mode != "generate" or arguments.shots):
        raise InputError("--mode and --shots say how a model is asked; --predictions are answers already")
    source = arguments.shots_from
    few_shot = FewShot(read(source), arguments.shots, str(source)) if source else None
    return RequestSettings(arguments.mode, arguments.score_options, few_shot)


def prediction_files(
    evaluation: Evaluation, records: Sequence[Record], how: RequestSettings | None = None
) -> Iterator[tuple[Checkpoint, Path]]:
    """Yield (checkpoint, predictions file), answered one after another, or the predictions that are there already.

    Args:
        evaluation: the command.
        records: the questions.
        how: how they are put; None: as they are.

    Raises:
        InputError: see `evaluation.asking.predictor`.
    """
    arguments, run, config = evaluation.arguments, evaluation.run, evaluation.config
    if run is None or config is None or arguments.predictions:
        yield Checkpoint("predictions", arguments.predictions, of_run=False), arguments.predictions
        return
    # Imported here: scoring existing predictions must not need MindSpore.
    from evaluation.asking.predictor import predict_all, predict_served

    asked = rotated(records) if how and how.mode == "circular" else records
    if arguments.server:
        yield predict_served(config, run, asked, evaluation.kind, how)
    else:
        own = evaluation.asks_as_set_up
        yield from predict_all(arguments.ckpt, config, run, asked, evaluation.kind, own, how)


def plain_prompts(evaluation: Evaluation, records: Sequence[Record]) -> dict[str, str]:
    """Return the rendered prompts of the task's records by id, where the contest or run says how they are rendered."""
    contest = evaluation.arguments.contest
    config = load_contest(contest) if contest else evaluation.config
    if config is None:
        return {}
    return {record.id: render(config.prompt, record) for record in records if record.task == config.task}


def plan(evaluation: Evaluation, records: Sequence[Record], how: RequestSettings | None = None) -> str:
    """Return what `prediction_files` would do, as YAML; nothing is asked.

    Raises:
        InputError: there is no model to ask, or as `prediction_files`, as far as that shows beforehand.
    """
    if evaluation.run is None or evaluation.config is None or evaluation.arguments.predictions:
        raise InputError("--dry-run shows how a model would be asked: give --ckpt or --server")
    from evaluation.asking.dry_run import planned

    asked = rotated(records) if how and how.mode == "circular" else records
    return planned(evaluation, asked, how or RequestSettings())

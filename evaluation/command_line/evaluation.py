"""What the two evaluators' commands share: their outline, whose a result is, describing data and predictions."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from core.config import load_contest
from core.errors import InputError
from core.files import append_line, read_json, sha256_file, sha256_text, write_json
from core.result_parts import Answered, Asked
from core.results import file_name, update_results
from core.run_folder import LOGS, RunFolder
from core.schema import RunConfig
from core.terminal import show_json, show_text, visible
from core.text.records import Record
from data_convert.readers import list_files
from evaluation.answers.prediction_log import settings_path
from evaluation.answers.usage import usage
from evaluation.command_line.checkpoints import Checkpoint, run_for
from inference.engines import default_for_servers

Entry = TypeVar("Entry", bound=Answered)
# Options of `add_source_arguments` that change neither answers nor figures: where the answers of which checkpoint are
# kept, and how the result is shown.
HARMLESS = frozenset({"ckpt", "run", "dry_run", "output", "json"})


@dataclass(frozen=True)
class Evaluation:
    """What an evaluator is asked to do.

    Attributes:
        kind: "squad" or "accuracy": results/KIND.json and eval/KIND.log of the run are its own.
        arguments: its command line.
        run, config: the run and its configuration, None where predictions from elsewhere are scored.
        data: the file of questions.
        changed: what makes it another evaluation than the main job's.
    """

    kind: Literal["squad", "accuracy"]
    arguments: argparse.Namespace
    run: RunFolder | None
    config: RunConfig | None
    data: Path
    changed: Changes

    @property
    def asks_as_set_up(self) -> bool:
        """Whether the run's own questions are asked, as the main job asks them: only then the answers are the run's."""
        return bool(self.arguments.ckpt) and not self.changed.asking

    @property
    def result_file(self) -> Path | None:
        """The run's own result file where this evaluation writes it: it asks and judges as the main job does."""
        own = self.run is not None and self.asks_as_set_up and not self.changed.judging
        return self.run.path / file_name(self.kind) if own and self.run is not None else None


@dataclass(frozen=True)
class Changes:
    """The options of a command line that have not their defaults and are not harmless.

    Attributes:
        asking: may lead to other answers than the main job's.
        judging: leave the answers as they are, and may lead to other figures.
    """

    asking: tuple[str, ...]
    judging: tuple[str, ...]


def changes(
    parser: argparse.ArgumentParser,
    arguments: argparse.Namespace,
    harmless: AbstractSet[str],
    judging: AbstractSet[str],
) -> Changes:
    """Tell which options make an evaluation another than the main job's.

    An option that stands in neither set changes what is asked: one that is added to a parser and forgotten here keeps
    a result out of the run, and never in it.

    Args:
        parser: the evaluator's.
        arguments: what it parsed.
        harmless: destinations of options that change neither answers nor figures.
        judging: destinations of options that change figures alone.
    """
    differing = [
        name for name, value in vars(arguments).items() if value != parser.get_default(name) and name not in harmless
    ]
    return Changes(
        asking=tuple(name for name in differing if name not in judging),
        judging=tuple(name for name in differing if name in judging),
    )


def open_evaluation(
    kind: Literal["squad", "accuracy"], arguments: argparse.Namespace, data_name: str, changed: Changes
) -> Evaluation:
    """Find the run and the questions that a command line speaks of.

    Args:
        kind: the evaluator.
        arguments: its command line: what `add_source_arguments` adds, and `data`.
        data_name: the questions' file in a run's data folder.
        changed: what makes it another evaluation than the main job's; see `changes`.

    Raises:
        InputError: no such run, or neither a run nor questions.
    """
    run, config = _setting(arguments)
    data = arguments.data or (run.data / data_name if run else None)
    if data is None:
        raise InputError("--data FILE is missing: name the questions with their references")
    return Evaluation(kind, arguments, run, config, data, changed)


def _setting(arguments: argparse.Namespace) -> tuple[RunFolder | None, RunConfig | None]:
    """Return the run that is spoken of, and its configuration with what the command line changes in it.

    A server can be asked without any run, as a contest says; its answers then lie in logs/served/CONTEST.
    """
    changed = list(arguments.set)
    if arguments.server:
        # First, so that --set eval.engine=NAME can choose another engine that asks servers.
        changed = [f"eval.engine={default_for_servers()}", *changed, f"eval.http.url={arguments.server}"]
        changed += [f"eval.http.model={json.dumps(arguments.model)}"] if arguments.model else []
        if arguments.contest and not arguments.run:
            return RunFolder(LOGS / "served" / arguments.contest), load_contest(arguments.contest, changed)
    elif arguments.model:
        raise InputError("--model names the model that a server serves: give --server URL with it")
    if not (arguments.ckpt or arguments.run or arguments.server):
        return None, None
    run = run_for(arguments.ckpt, arguments.run)
    return run, run.config(changed)


def evaluate(
    evaluation: Evaluation,
    files: Iterable[tuple[Checkpoint, Path]],
    described: Asked,
    score: Callable[[str, Path], Entry],
    logged: Callable[[Entry], str],
) -> dict[str, Entry]:
    """Score one predictions file after another; a result of the run's own is kept there as soon as it is known.

    Args:
        evaluation: what is asked.
        files: checkpoint and predictions file, as they are answered.
        described: see `describe_data`.
        score: turns a checkpoint's name and predictions into its result.
        logged: what the run's evaluation log says of a result.

    Returns:
        The results by the checkpoints' names.
    """
    results: dict[str, Entry] = {}
    run, result_file = evaluation.run, evaluation.result_file
    for checkpoint, path in files:
        name = checkpoint.name
        where = describe_predictions(path, run.path if run else None)
        results[name] = score(name, path).model_copy(update={**describe_server(path, evaluation.config), **where})
        if run is not None and result_file is not None and checkpoint.of_run:
            update_results(result_file, name, results[name], described)
            append_line(run.path / "eval" / f"{evaluation.kind}.log", f"{name}: {logged(results[name])}")
    return results


def show(evaluation: Evaluation, results: Mapping[str, Answered], described: Asked, text: Callable[[], str]) -> None:
    """Write --output; print JSON where that is asked for, else `text` and the path of what was written."""
    shown = as_json(results, described)
    if evaluation.arguments.output:
        write_json(evaluation.arguments.output, shown)
    if evaluation.arguments.json:
        show_json(shown, indent=2)
        return
    show_text(text())
    path = evaluation.arguments.output or evaluation.result_file
    if path:
        show_text(visible(str(path)))


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both evaluators are told of where answers come from, how many, and where results go."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--predictions",
        type=Path,
        help="{question id: text} JSON, JSON Lines with id and text, or another tool's (docs/evaluation.md)",
    )
    add_model_arguments(parser, what)
    parser.add_argument("--output", type=Path, help="write the result to this JSON file too")


def add_model_arguments(parser: argparse.ArgumentParser, group: argparse._MutuallyExclusiveGroup) -> None:
    """Add how models are named, set up and asked: --ckpt and --server to `group`, the rest to the parser."""
    group.add_argument(
        "--ckpt",
        nargs="+",
        default=[],
        help="checkpoints to evaluate: files (for a sharded one its folder or index), step_N of the run, base, or all; "
        "needs MindSpore",
    )
    group.add_argument("--server", metavar="URL", help="ask a server with OpenAI's API (vLLM, MindIE, llama.cpp)")
    parser.add_argument("--model", metavar="NAME", help="the name under which the server serves the model")
    parser.add_argument("--run", help="run folder; default: the one the checkpoint lies in, else the newest")
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="key=value",
        help="change settings of the run or contest, such as eval.batch_size=64 or eval.accuracy.temperature=0.7",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be asked, and of which engine; ask nothing"
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="ask only the first N questions (default: data.limit of the run)"
    )


def limited(records: list[Record], limit: int | None, config: RunConfig | None) -> list[Record]:
    """Return the first `limit` records, or as many as the run's data.limit says; InputError for a limit below 1."""
    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit}: at least 1 question is needed")
    return records[: limit or (config.data.limit if config else None)]


def as_json(results: Mapping[str, Answered], described: Asked) -> dict[str, Any]:
    """Return what --json prints: one result flat, with its name; several under "checkpoints"."""
    shown = {name: result.as_json() for name, result in results.items()}
    if len(shown) == 1:
        ((name, result),) = shown.items()
        return {"name": name, "data": described.as_json(), **result}
    return {"data": described.as_json(), "checkpoints": shown}


def describe_data(path: Path, selection: str, total: int, count: int) -> Asked:
    """Return what a result says about its questions: file, sha256, selection, how many there are and were asked.

    Of a folder the sha256 is that of the names and hashes of the files that a corpus in a folder consists of.
    """
    sha256 = sha256_file(path) if path.is_file() else _sha256_of_folder(path)
    return Asked(file=path.name, sha256=sha256, selection=selection, total=total, count=count)


def _sha256_of_folder(folder: Path) -> str:
    files = [file.path for file in list_files(folder).files]
    return sha256_text("".join(f"{file.relative_to(folder).as_posix()} {sha256_file(file)}\n" for file in files))


def describe_server(path: Path, config: RunConfig | None) -> dict[str, Any]:
    """Return what a result says about the server that answered: `usage`, `loglikelihood`; nothing where none did."""
    settings = read_json(settings_path(path)) if settings_path(path).is_file() else {}
    if not isinstance(settings, dict) or "url" not in settings:
        return {}
    said: dict[str, Any] = {"loglikelihood": settings["loglikelihood"]} if "loglikelihood" in settings else {}
    prices = (config.eval.http.input_price, config.eval.http.output_price) if config else (None, None)
    taken = usage(path, *prices)
    return said if taken is None else {"usage": taken, **said}


def describe_predictions(path: Path, run: Path | None) -> dict[str, str]:
    """Return what a result says about the predictions it was computed from; the path is relative to the run."""
    resolved = path.resolve()
    inside = run is not None and resolved.is_relative_to(run.resolve())
    shown = resolved.relative_to(run.resolve()).as_posix() if run is not None and inside else str(path)
    return {"predictions": shown, "predictions_sha256": sha256_file(path)}

"""Command: find traps in training settings, the kit's own or any team's MindFormers YAML, before they are paid for."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.config import load_contest, names
from core.errors import GateError, InputError, run_command
from core.terminal import laid_out, show_json, show_text

if TYPE_CHECKING:
    from finetune.lint import Check, Finding
    from finetune.lint.facts import Facts

_EXAMPLE = """examples:
  python finetune/check.py                                  the kit's contests
  python finetune/check.py math_llama3 machine.bundle=1.1.0 one of them, with settings
  python finetune/check.py train.yaml --evaluation eval.yaml --cards 4 --card-memory 32GB
  python finetune/check.py train.yaml --mindrecord train.mindrecord --log worker_0.log
  python finetune/check.py train.yaml --trained-prompt alpaca_vicuna --asked-prompt alpaca
  python finetune/check.py --list
  python finetune/check.py --explain only_save_strategy

A YAML is read as PyYAML reads it; nothing is started, and MindFormers is not needed.
Exit codes: 0 no error was found (warnings may be), 2 wrong input, 3 errors were found.
"""
_WIDTH = 80
_PIECES = ("<eoh>", "<eoa>")
# Options of what is known beside a MindFormers YAML; of a contest the kit knows it by itself.
_BESIDE = (
    *("evaluation", "mindrecord", "evaluation_mindrecord", "rows", "log", "cards", "card_memory"),
    *("trained_prompt", "asked_prompt", "vicuna", "tokenizer", "lora_scaling"),
)


def main(argv: Sequence[str]) -> int:
    """Check each of the YAMLs and contests; 3 where a check finds an error."""
    arguments = _parser().parse_intermixed_args(argv)
    if arguments.list or arguments.explain:
        return _explain(arguments)
    words = [word for word in arguments.what if "=" not in word]
    settings = [word for word in arguments.what if "=" in word]
    from finetune.lint import findings

    results = []
    for word in words or [name for name in names("contests") if _trains(name)]:
        facts, told = _facts(word, settings, arguments)
        results.append((word, told, facts, findings(facts)))
    failed = any(finding.check.level == "error" for *_, found in results for finding in found)
    if arguments.json:
        show_json({"ok": not failed, "checked": [_as_json(*one) for one in results]})
    else:
        show_text(laid_out(line for one in results for line in _text(*one)))
    return GateError.exit_code if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "finetune/check.py", "Find traps in training settings before they are paid for.", _EXAMPLE, json="the findings"
    )
    parser.add_argument(
        "what", nargs="*", metavar="FILE|NAME|key=value", help="MindFormers YAMLs, contests, and settings of contests"
    )
    parser.add_argument("--evaluation", metavar="FILE", help="the evaluation's YAML, held against the training's")
    parser.add_argument("--bundle", metavar="VERSION", help="the MindFormers that reads it, such as 1.1.0")
    parser.add_argument("--mindrecord", metavar="PATH", help="the training rows: a file, or a folder of them")
    parser.add_argument("--evaluation-mindrecord", metavar="PATH", help="the evaluation's rows")
    parser.add_argument("--rows", type=int, help="how many training rows there are, where there is no MindRecord")
    parser.add_argument("--log", metavar="FILE", help="a log of the training or of the retention evaluation")
    parser.add_argument("--cards", type=int, help="how many NPUs there are")
    parser.add_argument("--card-memory", metavar="SIZE", help="memory of one of them, such as 32GB")
    parser.add_argument("--trained-prompt", metavar="NAME|FILE", help="the text before an answer in training")
    parser.add_argument("--asked-prompt", metavar="NAME|FILE", help="the text before an answer in inference")
    parser.add_argument("--vicuna", action="store_true", help="the rows are of llama_preprocess.py --dataset_type qa")
    parser.add_argument("--tokenizer", metavar="FILE", help="the model's tokenizer.model or tokenizer.json")
    parser.add_argument("--lora-scaling", type=float, metavar="S", help="what the merge was told to scale by")
    parser.add_argument("--list", action="store_true", help="list the checks")
    parser.add_argument("--explain", metavar="CHECK", help="say what a check rests on")
    return parser


def _trains(contest: str) -> bool:
    return "train" in load_contest(contest).steps


def _facts(word: str, settings: Sequence[str], arguments: argparse.Namespace) -> tuple[Facts, str]:
    """Return the facts of a contest or of a MindFormers YAML, and what tells its version."""
    from finetune.lint.facts import Facts
    from finetune.lint.reading import read_settings, told_bundle
    from finetune.lint.settings import Settings

    path = Path(word)
    read = read_settings(path) if word.endswith((".yaml", ".yml")) else None
    if read is None or "contest" in read.settings:
        return _of_contest(word, settings, arguments), ""
    if settings:
        raise InputError(f"{word} is MindFormers' YAML: {settings[0]} is for contests of the kit")
    training = Settings(read.settings, "training")
    if training.text("run_mode") in ("eval", "predict") and not training.has("train_dataset"):
        raise InputError(f"{word} is an evaluation's YAML: name the training's, and this one with --evaluation")
    if not training.has("model") and not training.has("runner_config"):
        raise InputError(f"{word} is neither a contest nor a MindFormers YAML: it has no model and no runner_config")
    bundle, told = (arguments.bundle, "") if arguments.bundle else told_bundle(training)
    repeated = tuple(f"{path.name}: {key} (line {line})" for key, line in read.repeated)
    return _added(Facts(training=training, bundle=bundle, repeated=repeated), arguments), told


def _of_contest(word: str, settings: Sequence[str], arguments: argparse.Namespace) -> Facts:
    from finetune.lint.contest import contest_facts

    if given := [f"--{name.replace('_', '-')}" for name in _BESIDE if getattr(arguments, name)]:
        raise InputError(f"{word} is a contest of the kit: {given[0]} goes with a MindFormers YAML")
    bundle = [f"machine.bundle={arguments.bundle}"] if arguments.bundle else []
    config = load_contest(word, [*settings, *bundle])
    if "train" not in config.steps:
        raise InputError(f"{word} trains nothing: there is no YAML of a training to check")
    return contest_facts(config)


def _added(facts: Facts, arguments: argparse.Namespace) -> Facts:
    """Return the facts with those of the other files that are named."""
    from finetune.lint.facts import Rows
    from finetune.lint.reading import ids_of, log_of, memory_size, prompt_text, read_settings, rows_of
    from finetune.lint.settings import Settings

    known: dict[str, Any] = {"vicuna": arguments.vicuna, "cards": arguments.cards}
    known["lora_scaling"] = arguments.lora_scaling
    for name in ("cards", "rows"):
        if (number := getattr(arguments, name)) is not None and number < 1:
            raise InputError(f"--{name} {number}: has to be 1 or more")
    if arguments.evaluation:
        read = read_settings(Path(arguments.evaluation))
        known["evaluation"] = Settings(read.settings, "evaluation")
        lines = (f"{Path(arguments.evaluation).name}: {key} (line {line})" for key, line in read.repeated)
        known["repeated"] = (*facts.repeated, *lines)
    if arguments.mindrecord:
        known["rows"] = rows_of(Path(arguments.mindrecord), facts.training)
    elif arguments.rows:
        known["rows"] = Rows(count=arguments.rows)
    if arguments.evaluation_mindrecord:
        known["evaluation_rows"] = rows_of(Path(arguments.evaluation_mindrecord), facts.training)
    if arguments.log:
        known["log"] = log_of(Path(arguments.log))
    if arguments.card_memory:
        known["card_memory"] = memory_size(arguments.card_memory)
    for name in ("trained_prompt", "asked_prompt"):
        if getattr(arguments, name):
            known[name] = prompt_text(getattr(arguments, name))
    if arguments.tokenizer:
        known["tokenizer_ids"] = ids_of(Path(arguments.tokenizer), _PIECES, facts.training)
    return replace(facts, **known)


def _as_json(word: str, told: str, facts: Facts, found: list[Finding]) -> dict[str, Any]:
    return {
        "what": word,
        "mindformers": facts.bundle,
        "told_by": told,
        "ok": not any(finding.check.level == "error" for finding in found),
        "findings": [finding.as_json() for finding in found],
    }


def _text(word: str, told: str, facts: Facts, found: list[Finding]) -> Iterator[str]:
    errors = sum(finding.check.level == "error" for finding in found)
    counts = f"{_many(errors, 'error')}, {_many(len(found) - errors, 'warning')}" if found else "no trap found"
    yield f"{word}: {counts} (MindFormers {facts.bundle}{f', {told}' if told else ''})"
    for finding in found:
        check = finding.check
        yield f"  {check.level:<8}{check.name}"
        where = finding.where if ":" in finding.where else f"{finding.where}:"
        yield from _wrapped(f"{where} {finding.said}", " " * 10)
        yield from _wrapped(check.remedy, " " * 10, "       -> ")
    if not facts.by_kit and (lacking := _not_given(facts)):
        yield from _wrapped(f"not checked, for want of {lacking}", "  ")


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _not_given(facts: Facts) -> str:
    given = {
        "--evaluation": facts.evaluation,
        "--mindrecord or --rows": facts.rows,
        "--log": facts.log,
        "--cards": facts.cards,
        "--card-memory": facts.card_memory,
        "--trained-prompt with --asked-prompt": facts.trained_prompt and facts.asked_prompt,
    }
    return ", ".join(option for option, value in given.items() if not value)


def _explain(arguments: argparse.Namespace) -> int:
    from finetune.lint import check_named, checks

    known = [check_named(arguments.explain)] if arguments.explain else checks()
    if arguments.json:
        show_json([_check_json(check) for check in known])
    elif arguments.explain:
        show_text(laid_out(line for check in known for line in _explained(check)))
    else:
        lines = (f"{check.name:<28}{check.level:<9}{check.evidence}" for check in known)
        show_text(laid_out(line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines))
    return 0


def _check_json(check: Check) -> dict[str, str]:
    return {name: getattr(check, name) for name in ("name", "level", "evidence", "remedy", "source")}


def _explained(check: Check) -> Iterator[str]:
    yield f"{check.name} ({check.level})"
    for title, said in (("evidence", check.evidence), ("remedy", check.remedy), ("source", check.source)):
        yield from _wrapped(said, " " * 12, f"  {title:<10}")


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent if first is None else first, subsequent_indent=indent)


if __name__ == "__main__":
    sys.exit(run_command(main))

"""Command: mark the entities of a text that is handed in: ask the best checkpoint, place its marks, check the file."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
from collections.abc import Sequence

from core.command import command_parser
from core.config import kit_path
from core.errors import GateError, InputError, run_command
from core.run_folder import RunFolder, find_run
from core.terminal import show_json, show_text
from core.text.markup import Marked, bare_texts, write_whole, written_text
from core.text.records import read_records
from evaluation.marking.handed_in import Answers, best_checkpoint, marked_from, write_hand_in

_EXAMPLES = """examples:
  python evaluation/mark.py --run logs/latest
  python evaluation/mark.py --run logs/latest --ckpt step_50 --text test_public.txt --out mine.txt
  python evaluation/mark.py --text test_public.txt --predictions answers.jsonl --out mine.txt

Answers of another source (a server asked by evaluation/ask.py, any tool) are {"id": "0", "text": …}, one a line; the id
is the text's line, from 0. Marks are placed by aligning an answer with its text, never by searching for a string.
Exit code 3: the file would not be taken by the organiser's scorer.
"""


def main(argv: Sequence[str]) -> int:
    """Mark, write, check; print what was marked."""
    parser = command_parser("evaluation/mark.py", "Mark the text that is handed in.", _EXAMPLES, json="the result")
    parser.add_argument("--run", help="the run whose checkpoint marks (default: the newest)")
    parser.add_argument("--ckpt", metavar="NAME", help="a checkpoint of the run (default: the best by its score)")
    parser.add_argument("--text", type=Path, help="the text without marks (default: data.hand_in of the run)")
    parser.add_argument("--predictions", type=Path, help="answers that are there already; no model is asked")
    parser.add_argument("--out", type=Path, help="what is written (default: hand_in/TEAM.txt of the run)")
    arguments = parser.parse_args(argv)
    if arguments.predictions:
        return _from_predictions(arguments)
    if bool(arguments.text) != bool(arguments.out):
        raise InputError("--text and --out go together: the run's own text goes to its own hand_in/")
    run = find_run(arguments.run)
    if arguments.text:
        return _of_another_text(run, arguments)
    with run.step("mark"):
        texts = _texts(run)
        name = arguments.ckpt or best_checkpoint(run)
        answers = _asked(run, name, texts, "hand_in")
        result = write_hand_in(run, texts, answers)
        if arguments.json:
            show_json(result.as_json(), indent=2)
        else:
            show_text("\n".join(result.lines()))
        if result.faults:
            raise GateError(f"{result.file}: {result.faults} faults; eval_accuracy/guner.py --strict shows them")
    return 0


def _from_predictions(arguments: argparse.Namespace) -> int:
    if not arguments.text or not arguments.out or arguments.ckpt:
        raise InputError("--predictions FILE goes with --text FILE and --out FILE, and without --ckpt")
    return _written(arguments, Answers.read("given", arguments.predictions))


def _of_another_text(run: RunFolder, arguments: argparse.Namespace) -> int:
    texts = bare_texts(arguments.text)
    name = arguments.ckpt or best_checkpoint(run)
    return _written(arguments, _asked(run, name, texts, f"hand_in_{arguments.text.stem}"))


def _written(arguments: argparse.Namespace, answers: Answers) -> int:
    texts = bare_texts(arguments.text)
    found = marked_from(texts, answers)
    write_whole(arguments.out, written_text(found.lines))
    shown = {"file": str(arguments.out), "texts": len(texts), "verbatim": found.verbatim, "lost": found.lost}
    if arguments.json:
        show_json({**shown, "entities": found.entities}, indent=2)
    else:
        kinds = ", ".join(f"{kind} {count}" for kind, count in found.entities.items())
        copied = f"{found.verbatim} of {len(texts)} texts copied to the letter"
        show_text(f"{arguments.out}: {kinds}; {copied}, marks without a place {found.lost}")
    return 0


def _texts(run: RunFolder) -> list[Marked]:
    """Return the text that is handed in: the contest's, or the held-out questions of a practice contest."""
    data = run.config().data
    if data.hand_in:
        return bare_texts(kit_path(data.hand_in))
    return [Marked(record.question) for record in read_records(run.data / "test.jsonl")]


def _asked(run: RunFolder, name: str, texts: Sequence[Marked], kind: str) -> Answers:
    from evaluation.marking.asking import ask

    return Answers.read(name, ask(run, name, texts, kind))


if __name__ == "__main__":
    sys.exit(run_command(main))

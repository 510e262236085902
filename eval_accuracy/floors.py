"""Command: what a dictionary, an HMM and a CRF find of the entities, trained in seconds: the floor of any model."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.command import command_parser
from core.errors import InputError, run_command
from core.files import write_json, write_jsonl
from core.progress import say
from core.result_parts import SCHEMA
from core.results import file_name
from core.run_folder import RunFolder, find_run
from core.terminal import laid_out, show_json, show_text
from core.text.markup import Marked, bare_texts, parse, write_whole, written, written_text
from core.text.records import Record, read_records
from data_convert.readers import read_corpus

if TYPE_CHECKING:
    from eval_accuracy.ner.taggers.tagger import Tagger

_EXAMPLES = """examples:
  python eval_accuracy/floors.py --run logs/latest
  python eval_accuracy/floors.py --train train.txt --test dev.txt
  python eval_accuracy/floors.py --train train.txt --mark test_public.txt --out marked --kinds dictionary crf
"""


def main(argv: Sequence[str]) -> int:
    """Train the taggers, measure them or mark a text; print what they find."""
    from eval_accuracy.ner.taggers import KINDS

    parser = command_parser(
        "eval_accuracy/floors.py", "Taggers without a language model, as floors.", _EXAMPLES, json="the result"
    )
    parser.add_argument("--run", help="train and measure on the data of this run (default: the newest)")
    parser.add_argument("--train", type=Path, metavar="FILE", help="marked texts to learn from, instead of a run's")
    parser.add_argument("--test", type=Path, metavar="FILE", help="marked texts to measure on")
    parser.add_argument("--mark", type=Path, metavar="TEXT", help="a text without marks: each tagger marks it in --out")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where --mark writes KIND.txt")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which taggers")
    arguments = parser.parse_args(argv)
    if arguments.train:
        shown = _of_files(arguments)
    else:
        if arguments.test or arguments.mark or arguments.out:
            raise InputError("--test, --mark and --out go with --train FILE; --run takes the run's own data")
        run = find_run(arguments.run)
        with run.step("floors"):
            shown = _of_run(run, arguments.kinds)
    if arguments.json:
        show_json(shown, indent=2)
    else:
        show_text(laid_out(_lines(shown)))
    return 0


def _of_run(run: RunFolder, kinds: Sequence[str]) -> dict[str, Any]:
    task = run.config().task
    train = [record for record in read_records(run.data / "train.jsonl") if record.task == task]
    test = read_records(run.data / "test.jsonl")
    shown: dict[str, Any] = {"schema": SCHEMA, "lines_trained": len(train), "lines_tested": len(test)}
    for kind, measured, marked in _measured(_trained(kinds, _marked(train)), _marked(test)):
        answers = run.path / "floors" / f"{kind}.jsonl"
        rows = ({"id": one.id, "text": written(line)[:-1]} for one, line in zip(test, marked, strict=True))
        write_jsonl(answers, rows)
        shown[kind] = {**measured, "answers": answers.relative_to(run.path).as_posix()}
    write_json(run.path / file_name("floors"), shown)
    return shown


def _of_files(arguments: argparse.Namespace) -> dict[str, Any]:
    if not arguments.test and not arguments.mark:
        raise InputError("--train goes with --test FILE (measure) or --mark TEXT --out FOLDER (mark a text)")
    if bool(arguments.mark) != bool(arguments.out):
        raise InputError("--mark TEXT and --out FOLDER go together")
    train = _marked(list(read_corpus(arguments.train)))
    shown: dict[str, Any] = {"schema": SCHEMA, "lines_trained": len(train), "lines_tested": 0}
    test = _marked(list(read_corpus(arguments.test))) if arguments.test else []
    texts = bare_texts(arguments.mark) if arguments.mark else []
    taggers = dict(_trained(arguments.kinds, train))
    if test:
        shown["lines_tested"] = len(test)
        shown.update((kind, row) for kind, row, _ in _measured(taggers.items(), test))
    if texts:
        for kind, tagger in taggers.items():
            write_whole(arguments.out / f"{kind}.txt", written_text(tagger.mark(line.text, line.end) for line in texts))
        shown["marked"] = [str(arguments.out / f"{kind}.txt") for kind in arguments.kinds]
    return shown


def _marked(records: Sequence[Record]) -> list[Marked]:
    marked = []
    for record in records:
        if record.task != "ner":
            raise InputError(f"{record.source or record.id}: of task {record.task!r}; marked texts are needed")
        try:
            marked.append(parse(record.answer))
        except InputError as error:
            raise InputError(f"{record.source or record.id}: {error}") from None
    return marked


def _trained(kinds: Sequence[str], train: Sequence[Marked]) -> Iterator[tuple[str, Tagger]]:
    """Yield kind and tagger of each, trained."""
    from eval_accuracy.ner.taggers import KINDS

    for kind in kinds:
        say(f"{kind}: learning from {len(train)} texts")
        tagger = KINDS[kind]()
        tagger.fit(train)
        yield kind, tagger


def _measured(
    taggers: Iterable[tuple[str, Tagger]], test: Sequence[Marked]
) -> Iterator[tuple[str, dict[str, Any], list[Marked]]]:
    """Yield kind, figures and answers of each tagger."""
    from eval_accuracy.ner.measures import measured

    for kind, tagger in taggers:
        marked = [tagger.mark(line.text) for line in test]
        row = measured(test, marked)
        keys = ("f1", "interval", "recall", "precision", "common", "expected", "found")
        yield kind, {key: row[key] for key in keys}, marked


def _lines(shown: Mapping[str, Any]) -> Iterator[str]:
    yield f"learned from {shown['lines_trained']} texts, measured on {shown['lines_tested']}"
    for kind, row in shown.items():
        if isinstance(row, Mapping):
            low, high = row["interval"]
            yield (
                f"  {kind:10} F1 {row['f1']:8.4f} [{low:.2f}, {high:.2f}]  recall {row['recall']:8.4f}  "
                f"precision {row['precision']:8.4f}"
            )
    yield from (f"marked: {file}" for file in shown.get("marked", ()))


if __name__ == "__main__":
    sys.exit(run_command(main))

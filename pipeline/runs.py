"""Command: all runs in a table; look into them, name them, note something of one, set two side by side, remove them."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.errors import InputError, did_you_mean, run_command
from core.files import move, read_jsonl, remove_file, remove_folder, write_text
from core.inside import open_lock
from core.places import need_utf8
from core.run_folder import LOGS, RunFolder, find_run, point_latest
from core.step_notes import MAIN_JOB, read_events
from core.terminal import laid_out, show, show_json, show_text
from pipeline.overview.runs import NOTE, note_of, row_of, runs_in, size_in_words, size_on_disk, table
from pipeline.overview.side_by_side import side_by_side
from pipeline.overview.times import spans, training_in_words, waterfall

_EXAMPLE = """examples:
  python -m pipeline runs
  python -m pipeline runs ls --contest practice_math --json
  python -m pipeline runs note logs/latest "rank 16, and the rate of the winners"
  python -m pipeline runs times
  python -m pipeline runs compare practice_math-20261128-092308 logs/latest
  python -m pipeline runs mv practice_math-20261128-092308 practice_math-first
  python -m pipeline runs rm practice_math-first --yes

A run is named by its folder, or by its name where it lies in logs/. None is changed while something works on it.
"""


def main(argv: Sequence[str]) -> int:
    """Do what is asked with runs."""
    parser = command_parser("python -m pipeline runs", "Look after the runs in logs/.", _EXAMPLE)
    commands = parser.add_subparsers(metavar="COMMAND")
    parser.set_defaults(work=_list, contest=None, json=False)

    def command(name: str, work: Callable[[argparse.Namespace], int], purpose: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=purpose, description=purpose)
        added.set_defaults(work=work)
        return added

    one = command("ls", _list, "a table of all runs: steps done, figures of the best checkpoint, size")
    one.add_argument("--contest", help="only runs of this contest")
    one.add_argument("--json", action="store_true", help="print the runs as JSON and nothing else")
    one = command("times", _times, "where the time of a run went, step by step")
    one.add_argument("run", nargs="?", help="the run (default: the newest)")
    one.add_argument("--json", action="store_true", help="print the steps as JSON and nothing else")
    one = command("compare", _compare, "settings that differ, and figures with their intervals, run beside run")
    one.add_argument("runs", nargs="+", metavar="RUN")
    one.add_argument("--json", action="store_true", help="print the comparison as JSON and nothing else")
    one = command("note", _note, "write a note of a run, or show the one that is there; an empty one is removed")
    one.add_argument("run")
    one.add_argument("text", nargs="?")
    one = command("mv", _move, "give a run another name")
    one.add_argument("run")
    one.add_argument("name")
    one = command("rm", _remove, "remove runs with all that is in them")
    one.add_argument("runs", nargs="+", metavar="RUN")
    one.add_argument("--yes", action="store_true", help="do it; without this it is only said what would be removed")
    arguments = parser.parse_args(argv)
    work: Callable[[argparse.Namespace], int] = arguments.work
    return work(arguments)


def _list(arguments: argparse.Namespace) -> int:
    rows = [row_of(run) for run in runs_in(LOGS)]
    rows = [row for row in rows if arguments.contest in (None, row.contest)]
    if arguments.json:
        show_json([row.as_json() for row in rows], indent=2)
    elif rows:
        show_text(laid_out(table(rows)))
    else:
        show(f"no run yet in {LOGS}")
    return 0


def _times(arguments: argparse.Namespace) -> int:
    run = _named(arguments.run)
    found = spans(read_events(run.events, whole_lines=True) if run.events.is_file() else (), MAIN_JOB)
    if arguments.json:
        show_json([vars(span) for span in found], indent=2)
        return 0
    lines = [f"run: {run.path}", *waterfall(found)]
    if run.losses.is_file() and (trained := [span for span in found if span.name == "train" and not span.outcome]):
        rows = (row for _, row in read_jsonl(run.losses, whole_lines=True, any_number=True))
        lines += [said for said in [training_in_words(rows, trained[-1].seconds)] if said]
    show_text(laid_out(lines))
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    found = side_by_side([_named(word) for word in arguments.runs])
    if arguments.json:
        show_json(found.as_json(), indent=2)
    else:
        show_text(laid_out(found.lines()))
    return 0


def _note(arguments: argparse.Namespace) -> int:
    run = _named(arguments.run)
    if arguments.text is None:
        show(note_of(run) or f"{run.name} has no note")
    elif text := arguments.text.strip():
        write_text(run.path / NOTE, text + "\n")
    else:
        remove_file(run.path / NOTE)
    return 0


def _move(arguments: argparse.Namespace) -> int:
    run, name = _named(arguments.run), arguments.name
    need_utf8(Path(name))
    if Path(name).name != name or name.startswith((".", "-")) or name == "latest" or not name.isprintable():
        raise InputError(f"{name!r} cannot be a run's name; give one without /, such as {run.name}-first")
    target = run.path.parent / name
    if os.path.lexists(target):
        raise InputError(f"{target} is there already; nothing was changed")
    was_latest = _is_latest(run)
    with _at_rest(run):
        move(run.path, target)
    if was_latest:
        point_latest(RunFolder(target))
    show(f"run: {target}")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    runs = list({run.path: run for run in map(_named, arguments.runs)}.values())
    with ExitStack() as stack:
        for run in runs:
            stack.enter_context(_at_rest(run))
        if not arguments.yes:
            for run in runs:
                show(f"would remove {run.path} ({size_in_words(size_on_disk(run.path))}); --yes does it")
            return 0
        for run in runs:
            size, was_latest = size_on_disk(run.path), _is_latest(run)
            # Its settings last: what is killed on the way is still a run, which can be removed.
            for inside in sorted(run.path.iterdir(), key=lambda path: path == run.settings_file):
                remove_folder(inside)
            remove_folder(run.path)
            show(f"removed {run.path} ({size_in_words(size)})")
            if was_latest:
                _point_to_newest(run.path.parent)
    return 0


def _named(word: str | None) -> RunFolder:
    """Return the run that a word names: a folder, or a name in logs/."""
    if word and not Path(word).exists():
        if (LOGS / word / "run.yaml").is_file():
            return find_run(str(LOGS / word))
        known = [run.name for run in runs_in(LOGS)]
        raise InputError(f"there is no run {word!r}{did_you_mean(word, known)} (python -m pipeline runs lists them)")
    return find_run(word)


@contextmanager
def _at_rest(run: RunFolder) -> Iterator[None]:
    """Hold a run as long as it is changed; InputError where something works on it."""
    with open_lock(run.path / ".lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{run.path}: something is working on this run; nothing was changed") from error
        yield


def _is_latest(run: RunFolder) -> bool:
    latest = run.path.parent / "latest"
    return latest.is_symlink() and latest.resolve() == run.path


def _point_to_newest(logs: Path) -> None:
    if left := runs_in(logs):
        point_latest(left[-1])
    else:
        remove_file(logs / "latest")


if __name__ == "__main__":
    sys.exit(run_command(main))

"""How well made answers are judged: agreement with what is right by construction, false rights and wrongs, by kind.

Answers are made for the contest's question types, in prose, for free problems and for multiple choice. The forms of
sets "one" to "four" may be read while a reader is written and improved; report set "five", which is held out and has
contest answers and natural conclusions alone.

    python benchmarks/judging.py
    python benchmarks/judging.py --set one --kinds correction numerals --examples 3
    python benchmarks/judging.py --answers 20000 --readers kit math-verify opencompass --json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.made_answers import PROSE_SETS
from benchmarks.made_answers.groups import GROUPS, Chunk, chunks
from benchmarks.made_answers.others import missing
from benchmarks.made_answers.tally import READERS, Tally, tallies
from core.errors import InputError, run_command

Counts = dict[str, dict[str, dict[str, Tally]]]  # reader -> group -> kind


def main(argv: Sequence[str]) -> int:
    """Make answers, let readers judge them, print tables; return the exit code."""
    arguments = _parser().parse_args(argv)
    started = time.perf_counter()
    counts: Counts = {}
    for reader in arguments.readers:
        if lack := missing(reader):
            print(lack, file=sys.stderr)
            continue
        for group in arguments.groups:
            if arguments.set not in GROUPS[group].sets:
                continue
            counts.setdefault(reader, {})[group] = _count(reader, group, arguments)
    seconds = time.perf_counter() - started
    if not counts:
        raise InputError("no reader is left to judge: name kit or opencompass with --readers")
    if arguments.json:
        print(json.dumps(_rows(counts, arguments, seconds), ensure_ascii=False, indent=1))
        return 0
    for reader, by_group in counts.items():
        _print_kinds(reader, arguments.set, by_group)
    _print_groups(counts)
    print(f"\nset {arguments.set}, seed {arguments.seed}: {seconds:.1f} s in all, {arguments.processes} processes")
    _print_examples(counts)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=PROSE_SETS, default="four", help="set of forms (default: %(default)s)")
    parser.add_argument(
        "--answers", type=int, default=GROUPS["contest"].count, help="contest answers (default: %(default)s)"
    )
    parser.add_argument("--groups", nargs="+", choices=list(GROUPS), default=list(GROUPS), help="groups (default: all)")
    parser.add_argument("--kinds", nargs="+", default=[], metavar="PART", help="only kinds whose names hold a PART")
    parser.add_argument("--readers", nargs="+", choices=list(READERS), default=["kit"], help="default: kit")
    parser.add_argument("--examples", type=int, default=0, metavar="N", help="print N misjudged answers of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the draws (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser


def _count(reader: str, group: str, arguments: argparse.Namespace) -> dict[str, Tally]:
    """Let a reader judge a group, in processes; the counts do not depend on how many."""
    count = arguments.answers if group == "contest" else GROUPS[group].count
    work = [
        (chunk, reader, frozenset(arguments.kinds), arguments.examples)
        for chunk in chunks(group, arguments.set, arguments.seed, count)
    ]
    total: dict[str, Tally] = {}
    with ProcessPoolExecutor(arguments.processes) as pool:
        for counts in pool.map(_judge, work):
            for kind, tally in counts.items():
                total.setdefault(kind, Tally()).merge(tally, arguments.examples)
    return dict(sorted(total.items()))


def _judge(work: tuple[Chunk, str, frozenset[str], int]) -> dict[str, Tally]:
    chunk, reader, kinds, examples = work
    return tallies(chunk.answers(), reader, kinds, examples)


def _sum(tallied: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallied:
        total.merge(tally, 0)
    return total


_COLUMNS = f"{'answers':>8} {'agreement':>9} {'false rights':>12} {'false wrongs':>12} {'unread':>7} {'seconds':>8}"


def _line(name: str, tally: Tally) -> str:
    return (
        f"{name:40} {tally.answers:8,} {tally.agreement:9.2%} {tally.false_rights:12,} {tally.false_wrongs:12,} "
        f"{tally.unread:7,} {tally.seconds:8.2f}"
    )


def _print_kinds(reader: str, name: str, by_group: dict[str, dict[str, Tally]]) -> None:
    print(f"\n{f'{reader}, set {name}':40} {_COLUMNS}")
    for counts in by_group.values():
        for kind, tally in counts.items():
            print(_line(f"  {kind}", tally))


# Groups shown in two parts: what the kinds of the first part have in their names, and the names of both.
_PARTS = {
    "natural": ("story", "natural, word problems", "natural, conclusions"),
    "free": ("expression:", "free, expressions", "free, no number"),
    "choice": ("hard", "choice, hard", "choice, made"),
}


def _parts(counts: dict[str, Tally], group: str) -> dict[str, Tally]:
    """Return the sums of a group's parts."""
    part, with_it, without = _PARTS.get(group, ("", group, ""))
    parts: dict[str, list[Tally]] = {}
    for kind, tally in counts.items():
        parts.setdefault(with_it if part in kind else without, []).append(tally)
    return {name: _sum(tallied) for name, tallied in sorted(parts.items())}


def _print_groups(counts: Counts) -> None:
    print(f"\n{'':40} {_COLUMNS}")
    for group in next(iter(counts.values())):
        for part in _parts(next(iter(counts.values()))[group], group):
            for reader, by_group in counts.items():
                print(_line(f"{part}: {reader}", _parts(by_group[group], group)[part]))


def _print_examples(counts: Counts) -> None:
    for reader, by_group in counts.items():
        for kinds in by_group.values():
            for kind, tally in kinds.items():
                for made in tally.misjudged:
                    should = made["letter"] if made["letter"] != "" else ("right" if made["right"] else "wrong")
                    print(f"\n{reader} | {kind} | {made['form']} | should be {should} | {made['by']}")
                    print(f"  question:  {made['question']!r}\n  reference: {made['reference']!r}")
                    print(f"  text:      {made['text']!r}")


def _rows(counts: Counts, arguments: argparse.Namespace, seconds: float) -> dict[str, object]:
    rows = [
        {"reader": reader, "group": group, "kind": kind, "agreement": tally.agreement, **asdict(tally)}
        for reader, by_group in counts.items()
        for group, kinds in by_group.items()
        for kind, tally in kinds.items()
    ]
    return {"set": arguments.set, "seed": arguments.seed, "seconds": round(seconds, 2), "kinds": rows}


if __name__ == "__main__":
    sys.exit(run_command(main))

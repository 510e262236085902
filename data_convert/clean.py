"""Command: find the duplicates, conflicting answers and leaked questions of a corpus, and write it without them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.errors import InputError, run_command
from core.terminal import laid_out, show_json, show_text

_EXAMPLE = """examples:
  python data_convert/clean.py train.json
  python data_convert/clean.py train.json --against dev-v1.1.json --against test.json --out clean.jsonl
  python data_convert/clean.py a.json b.jsonl folder --field question=query --field answer=response
  python data_convert/clean.py train.json --quota add=6000 --quota mass=1000 --quota '*=3000' --out sample.jsonl
"""
_ROLES = ("question", "answer", "input", "system")


def main(argv: Sequence[str]) -> int:
    """Parse arguments, clean, print the report."""
    parser = command_parser(
        "data_convert/clean.py",
        "Report what a corpus holds twice, contradicts itself on, or shares with evaluation files; "
        "--out writes the records that are left.",
        _EXAMPLE,
        json="the report",
    )
    parser.add_argument(
        "corpus", type=Path, nargs="+", help="a corpus in any format that the kit reads: files, folders, patterns"
    )
    parser.add_argument("--form", metavar="NAME", help="its format (default: told by content), as data.form")
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="ROLE=NAME",
        help="the name of the field of question, answer, input or system, as data.fields",
    )
    parser.add_argument("--encoding", help="of files that are no UTF-8 (default: told where certain), as data.encoding")
    parser.add_argument("--against", type=Path, action="append", default=[], metavar="FILE", help="an evaluation file")
    parser.add_argument("--words", type=int, default=13, help="words in a row that make an overlap (default: 13)")
    parser.add_argument(
        "--near", type=float, metavar="J", help="drop free-form near-duplicates from Jaccard index J on"
    )
    parser.add_argument(
        "--quota",
        action="append",
        default=[],
        metavar="LABEL=N",
        help="records of a type or subject; '*' is each other",
    )
    parser.add_argument("--total", type=int, metavar="N", help="records in all, at most")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: 1)")
    parser.add_argument(
        "--max-bad", type=int, default=0, metavar="N", help="unreadable records to pass over (default: 0)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the records left here, as the kit's JSON Lines")
    parser.add_argument("--processes", type=int, help="how many work at once (default: one for each processor)")
    arguments = parser.parse_args(argv)
    _check(arguments)
    from data_convert.corpus.cleaning import Wishes, clean
    from data_convert.selection.quota import parse_quotas

    wishes = Wishes(
        against=arguments.against,
        words=arguments.words,
        near=arguments.near,
        quotas=parse_quotas(arguments.quota),
        total=arguments.total,
        seed=arguments.seed,
        max_bad=arguments.max_bad,
        form=arguments.form,
        fields=_fields(arguments.field),
        encoding=arguments.encoding,
    )
    report = clean(arguments.corpus, wishes, arguments.out, arguments.processes)
    if arguments.json:
        show_json(report)
    else:
        show_text(_table(report))
    return 0


def _fields(given: Sequence[str]) -> dict[str, str]:
    """Read ROLE=NAME; InputError where a role is unknown, or question or answer is missing."""
    fields = dict(text.partition("=")[::2] for text in given)
    for role, name in fields.items():
        if role not in _ROLES or not name:
            raise InputError(f"--field {role}={name}: give ROLE=NAME, ROLE being one of {', '.join(_ROLES)}")
    if fields and not {"question", "answer"} <= fields.keys():
        raise InputError("--field: both question and answer are needed: --field question=query --field answer=response")
    return fields


def _check(arguments: argparse.Namespace) -> None:
    """Refuse numbers that mean nothing, before anything is read."""
    if arguments.near is not None and not 0 < arguments.near <= 1:
        raise InputError(f"--near {arguments.near}: a Jaccard index above 0 and at most 1 is expected, such as 0.8")
    for name, least in (("words", 2), ("total", 1), ("max_bad", 0), ("processes", 1)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            raise InputError(f"--{name.replace('_', '-')} {value}: at least {least} is expected")


def _table(report: dict[str, Any]) -> str:
    from data_convert.conversion.audit_table import file_lines

    rows = {
        "records of the corpus": report["records"] + report["unreadable"] + report["unlearned"],
        "- unreadable (--max-bad)": report["unreadable"],
        **({"- not to be learned (loss: false, weight: 0)": report["unlearned"]} if report["unlearned"] else {}),
        "- exact duplicates": report["exact_duplicates"],
        "- the same, typed otherwise": report["normalised_duplicates"],
        "- asked in an evaluation file": report["asked"],
        "- with words of an evaluation file": report["overlapping"],
        "- near-duplicates (--near)": report["near_duplicates"],
        "- left out by sampling (--quota, --total)": report["left_out"],
        "= kept": report["kept"],
        "+ repeated by --quota": report["repeats"],
    }
    lines = [f"{label:<44}{number:>12,}" for label, number in rows.items()]
    lines += file_lines(report["files"])
    lines += [f"not read: {line}" for line in report["not_read"]]
    if report["no_input"]:
        words = ", ".join(f"{word!r} {count:,} times" for word, count in report["no_input"].items())
        lines.append(f"a word for no input, read as none: {words}")
    for name, found in report["against"].items():
        lines.append(
            f"{name}: {found['same_question']:,} records ask its questions, {found['shared_words']:,} share words"
        )
        lines += [f"  {item['where']}: {item['shared']}" for item in report["examples"] if item["file"] == name]
    conflicts = report["conflicts"]
    if conflicts["questions"]:
        lines.append(
            f"questions with several answers: {conflicts['questions']:,} ({conflicts['records']:,} records, kept)"
        )
        for item in conflicts["examples"]:
            answers = "; ".join(f"{answer['answer']!r} ({answer['where']})" for answer in item["answers"])
            lines.append(f"  {_short(item['question'])}: {answers}")
    lines.append(f"{'type or subject':<32}{'records':>12}{'kept':>12}{'repeats':>12}")
    for name, row in report["labels"].items():
        lines.append(f"{_short(name):<32}{row['records']:>12,}{row['kept']:>12,}{row['repeats']:>12,}")
    if report["out"]:
        lines.append(f"written: {report['out']} ({report['kept'] + report['repeats']:,} records)")
    return laid_out(lines)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


if __name__ == "__main__":
    sys.exit(run_command(main))

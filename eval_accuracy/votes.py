"""Command: make one response of several for the same text, by votes on their marked spans."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from collections.abc import Sequence

from core.command import command_parser
from core.errors import InputError, run_command
from core.terminal import show_json, show_text
from core.text.markup import Marked, Span, bare_texts, parsed_text, read_whole, write_whole, written_text
from core.text.markup_check import file_faults
from eval_accuracy.ner.votes import voted

_EXAMPLES = """examples:
  python eval_accuracy/votes.py test_public.txt a.txt b.txt c.txt --out all.txt
  python eval_accuracy/votes.py test_public.txt a.txt b.txt --weights 0.9 0.8 --least 0.9 --out all.txt
"""


def main(argv: Sequence[str]) -> int:
    """Vote, write, print how many spans are left of how many."""
    parser = command_parser(
        "eval_accuracy/votes.py", "Vote on the spans of several responses.", _EXAMPLES, json="the counts"
    )
    parser.add_argument("text", type=Path, help="the text without marks, which every response marks")
    parser.add_argument("responses", type=Path, nargs="+", help="files of marked lines")
    parser.add_argument("--out", type=Path, required=True, help="what is written")
    parser.add_argument("--weights", type=float, nargs="+", help="of the responses' votes (default: 1 each)")
    parser.add_argument("--least", type=float, metavar="VOTES", help="a span needs so many (default: more than half)")
    arguments = parser.parse_args(argv)
    lines = bare_texts(arguments.text)
    responses = [_response(file, [line.text for line in lines]) for file in arguments.responses]
    found = voted(responses, arguments.weights, arguments.least)
    made = [Marked(line.text, one.spans, line.end) for line, one in zip(lines, found, strict=True)]
    write_whole(arguments.out, written_text(made))
    counts = {str(file): _count(one) for file, one in zip(arguments.responses, responses, strict=True)}
    if arguments.json:
        show_json({"spans": _count(made), "of": counts})
    else:
        show_text(f"{arguments.out}: {_count(made)} spans; {', '.join(f'{name} {n}' for name, n in counts.items())}")
    return 0


def _response(file: Path, texts: Sequence[str]) -> list[Marked]:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or error})") from error
    if faults := file_faults(raw, str(file), texts):
        raise InputError(f"{file}:{faults[0].line}: {faults[0]} (guner.py --strict shows all, --repair mends it)")
    marked = parsed_text(read_whole(file), str(file))
    # Blanks at a line's ends do not count; the places are those of the text.
    return [
        Marked(text, tuple(_moved(span, line.text, text) for span in line.spans), line.end)
        for line, text in zip(marked, texts, strict=True)
    ]


def _moved(span: Span, line: str, text: str) -> Span:
    shift = (len(text) - len(text.lstrip(" "))) - (len(line) - len(line.lstrip(" ")))
    return span._replace(start=span.start + shift, end=span.end + shift)


def _count(lines: Sequence[Marked]) -> int:
    return sum(len(line.spans) for line in lines)


if __name__ == "__main__":
    sys.exit(run_command(main))

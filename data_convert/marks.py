"""Command: turn marked texts `{text|TYPE}` into BIO, BMES, span JSON or training records, and back, without loss."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from collections import Counter
from collections.abc import Sequence

from core.command import command_parser
from core.errors import run_command
from core.tasks.ner import TYPES
from core.terminal import show_json, show_text
from core.text.markup import read_whole, write_whole

_EXAMPLES = """examples:
  python data_convert/marks.py train.txt train.bio --to bio
  python data_convert/marks.py train.bio again.txt --from bio --to markup
  python data_convert/marks.py train.txt train.jsonl --to records

markup   one text a line, {text|TYPE} around each span
bio      a character, a tab and its tag on each line, a blank line behind each text; bmes: with B, M, E and S
spans    JSON Lines: text, spans by their first and last place, line end
records  JSON Lines for fine-tuning: the text is the question, the marked text the answer

What is written is read again and compared: bytes, line ends and U+FEFF are kept, or an error names line and column.
"""


def main(argv: Sequence[str]) -> int:
    """Convert; print what was converted."""
    from data_convert.markup import FORMS, converted

    parser = command_parser("data_convert/marks.py", "Convert marked texts without loss.", _EXAMPLES, json="the counts")
    parser.add_argument("file", type=Path, help="what is read")
    parser.add_argument("out", type=Path, help="what is written")
    parser.add_argument("--from", dest="source", choices=FORMS, default="markup", help="form of what is read")
    parser.add_argument("--to", dest="target", choices=FORMS, required=True, help="form of what is written")
    parser.add_argument("--types", nargs="+", default=list(TYPES), help=f"types of spans (default: {' '.join(TYPES)})")
    arguments = parser.parse_args(argv)
    text = read_whole(arguments.file)
    made = converted(text, str(arguments.file), arguments.source, arguments.target, arguments.types)
    write_whole(arguments.out, made)
    lines = FORMS[arguments.target].read(made, str(arguments.out), arguments.types)
    kinds = Counter(span.type for line in lines for span in line.spans)
    counts = {"texts": len(lines), "characters": sum(len(line.text) for line in lines), "spans": dict(kinds)}
    if arguments.json:
        show_json(counts)
    else:
        spans = ", ".join(f"{kind} {kinds[kind]:,}" for kind in arguments.types)
        show_text(f"{arguments.out}: {counts['texts']:,} texts, {counts['characters']:,} characters; {spans}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))

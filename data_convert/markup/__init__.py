r"""The forms that marked texts are kept in, each read and written without losing a character or a line end.

丞相伯顏命, marked {丞相|OFI}{伯顏|PER}命
bio      丞<TAB>B-OFI, 相<TAB>I-OFI, 伯<TAB>B-PER, 顏<TAB>I-PER, 命<TAB>O, a line each; a blank line ends the text
bmes     the same with B, M, E and S (alone)
spans    {"text": "丞相伯顏命", "spans": [{"start": 0, "end": 2, "type": "OFI", "text": "丞相"}, …], "end": "\n"}
records  {"id": "0", "task": "ner", "question": "丞相伯顏命", "answer": "{丞相|OFI}{伯顏|PER}命", …}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import InputError
from core.tasks.ner import TYPES
from core.text.markup import Marked, parsed_text, written_text
from data_convert.markup import rows, tags


@dataclass(frozen=True)
class Form:
    """A form: `read` takes a file's text and its name for messages, `write` returns a file's text.

    Both raise InputError with line and column for what the form cannot say.
    """

    read: Callable[[str, str, Sequence[str]], list[Marked]]
    write: Callable[[Sequence[Marked], Sequence[str]], str]


FORMS = {
    "markup": Form(parsed_text, written_text),
    "bio": Form(tags.reader("BIO"), tags.writer("BIO")),
    "bmes": Form(tags.reader("BMES"), tags.writer("BMES")),
    "spans": Form(rows.read_spans, rows.write_spans),
    "records": Form(rows.read_pairs, rows.write_pairs),
}


def converted(text: str, where: str, source: str, target: str, types: Sequence[str] = TYPES) -> str:
    """Return a file's text in another form; what is written is read again and compared.

    Args:
        text: the file's text, with its line ends.
        where: its name, for messages.
        source: its form, of `FORMS`.
        target: the form wanted.
        types: the types that a span may have.

    Raises:
        InputError: a line cannot be read or said in the other form; names line and column.
    """
    lines = FORMS[source].read(text, where, types)
    try:
        made = FORMS[target].write(lines, types)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if FORMS[target].read(made, where, types) != lines:
        raise InputError(
            f"{where}: does not come back from {target!r} as it went in; keep it as it is, and report this"
        )
    return made

"""Running chat templates, which are programs of others: in a process of their own, sandboxed, within time and memory.

A template comes with a tokenizer from anywhere. Jinja's sandbox keeps it from files and from Python; its own process,
which the kernel limits, keeps it from taking all memory (`{% set x = x ~ x %}` forty times) or all time.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import IO, Any

from core.errors import InputError
from core.line_process import Ended, LineProcess
from core.untrusted import JSON_FILE, load_json

SECONDS = 10.0  # for the conversations of one record
_MEMORY = 512 << 20
_LONGEST = 4 << 20  # characters of one conversation
_START = "from core.text.chat_process import serve; serve()"


def write_conversations(
    name: str,
    template: str,
    values: Mapping[str, Any],
    asked: Sequence[tuple[Sequence[Mapping[str, str]], bool]],
    where: str,
) -> list[str]:
    """Return conversations as a chat template writes them.

    Args:
        name: what the template is called in messages.
        template: its text.
        values: names that it knows besides `messages` and `add_generation_prompt`.
        asked: the messages of each conversation (`role`, `content`), and whether the next answer is asked for.
        where: the record, for messages.

    Raises:
        InputError: the template is no Jinja, refuses a conversation or goes beyond its bounds.
    """
    if not asked:
        return []
    process = _process(os.getpid(), template, json.dumps(dict(values), sort_keys=True))
    try:
        line = process.ask(json.dumps([[list(messages), ask] for messages, ask in asked]), SECONDS)
        answer = load_json(line, "what it answers", JSON_FILE)
    except (Ended, InputError) as error:
        close_all()
        raise InputError(f"{where}: {name} {_why(error)}") from None
    if isinstance(answer, str):
        asks_date = "strftime_now" in answer
        more = "; give it a date to write: chat_values={today: '2024-07-26'} of the prompt" if asks_date else ""
        raise InputError(f"{where}: {name} says: {answer}{more}")
    return [str(text) for text in answer]


def _why(error: Ended | InputError) -> str:
    if not isinstance(error, Ended):
        return str(error)
    if error.late:
        return f"runs for more than {SECONDS:g} s"
    return f"needs more than {_MEMORY >> 20} MiB of memory, or ends its process"


_RUNNING: dict[tuple[int, str, str], LineProcess] = {}


def _process(own: int, template: str, values: str) -> LineProcess:
    """Return the process of a template; a process (`own`) that was forked off has one of its own."""
    key = (own, template, values)
    if key not in _RUNNING:
        _RUNNING[key] = LineProcess(_START)
        _RUNNING[key].send(f"[{json.dumps(template)}, {values}]")
    return _RUNNING[key]


@atexit.register
def close_all() -> None:
    """End the processes that this one has started; a further conversation starts one anew."""
    for key in [key for key in _RUNNING if key[0] == os.getpid()]:
        _RUNNING.pop(key).close()


def serve() -> None:
    """Be that process: read conversations on standard input, write their texts, until the input ends."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    template, values = load_json(sys.stdin.buffer.readline(), "the call", JSON_FILE, any_number=True, surrogates=True)
    write: Callable[[list[Any]], Any]
    try:
        run = _compiled(template)

        def write(asked: list[Any]) -> Any:
            return [run(messages, ask, values) for messages, ask in asked]

    except Exception as error:  # whatever a program of others raises
        said = _said(error)

        def write(asked: list[Any]) -> Any:
            return said

    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    for line in sys.stdin.buffer:
        _serve_one(line, write, sys.stdout.buffer)


def _serve_one(line: bytes, write: Callable[[list[Any]], Any], out: IO[bytes]) -> None:
    try:
        answer = write(load_json(line, "the call", JSON_FILE, any_number=True, surrogates=True))
    except MemoryError:
        raise
    except Exception as error:
        answer = _said(error)
    out.write(json.dumps(answer).encode() + b"\n")
    out.flush()


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _compiled(template: str) -> Callable[[list[Any], bool, Mapping[str, Any]], str]:
    """Return the function that a template is: conversation, whether an answer is asked for, values -> text."""
    from core.text.chat_sandbox import sandbox

    compiled = sandbox().from_string(template)

    def run(messages: list[Any], ask: bool, values: Mapping[str, Any]) -> str:
        # As transformers calls them: no tools, no documents.
        given = {**values, "messages": messages, "tools": None, "documents": None, "add_generation_prompt": ask}
        if "today" in values:
            given["strftime_now"] = date.fromisoformat(str(values["today"])).strftime
        pieces, size = [], 0
        for piece in compiled.generate(given):
            pieces.append(piece)
            size += len(piece)
            if size > _LONGEST:
                raise ValueError(f"more than {_LONGEST} characters for one conversation")
        return "".join(pieces)

    return run

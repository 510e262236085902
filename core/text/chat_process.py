"""Running chat templates, which are programs of others: in a process of their own, sandboxed, within time and memory.

A template comes with a tokenizer from anywhere. Jinja's sandbox keeps it from files and from Python; its own process,
which the kernel limits, keeps it from taking all memory (`{% set x = x ~ x %}` forty times) or all time.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import IO, Any

from core.errors import InputError
from core.places import ROOT
from core.untrusted import JSON_FILE, load_json

SECONDS = 10.0  # for the conversations of one record
_MEMORY = 512 << 20
_LONGEST = 4 << 20  # characters of one conversation
_START = "import sys; sys.path.insert(0, sys.argv[1]); from core.text.chat_process import serve; serve()"


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
        answer = process.ask(json.dumps([[list(messages), ask] for messages, ask in asked]))
    except (_Ended, InputError) as error:
        close_all()
        raise InputError(f"{where}: {name} {error}") from None
    if isinstance(answer, str):
        asks_date = "strftime_now" in answer
        more = "; give it a date to write: chat_values={today: '2024-07-26'} of the prompt" if asks_date else ""
        raise InputError(f"{where}: {name} says: {answer}{more}")
    return [str(text) for text in answer]


class _Ended(Exception):
    """The process is at its end, or was ended; says why."""


class _Process:
    """A process that runs one template."""

    def __init__(self, template: str, values: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PATH": os.environ.get("PATH", "")},
        )
        self._send(f"[{json.dumps(template)}, {values}]")

    def ask(self, line: str) -> Any:
        """Send a line and return what is answered; _Ended where nothing is within the bounds."""
        self._send(line)
        deadline = time.monotonic() + SECONDS
        assert self._process.stdout is not None
        out = self._process.stdout
        found = bytearray()
        with selectors.DefaultSelector() as waiting:
            waiting.register(out, selectors.EVENT_READ)
            while not found.endswith(b"\n"):
                if not waiting.select(max(0.0, deadline - time.monotonic())):
                    self._process.kill()
                    self._process.wait()
                    raise _Ended(f"runs for more than {SECONDS:g} s")
                piece = os.read(out.fileno(), 1 << 16)
                if not piece:
                    self._process.wait()
                    raise _Ended(f"needs more than {_MEMORY >> 20} MiB of memory, or ends its process")
                found += piece
        return load_json(bytes(found), "what it answers", JSON_FILE)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # `ask` finds that nothing comes back


_RUNNING: dict[tuple[int, str, str], _Process] = {}


def _process(own: int, template: str, values: str) -> _Process:
    """Return the process of a template; a process (`own`) that was forked off has one of its own."""
    key = (own, template, values)
    if key not in _RUNNING:
        _RUNNING[key] = _Process(template, values)
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

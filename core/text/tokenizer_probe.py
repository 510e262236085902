"""A tokenizer file is tried in a process of its own before it is loaded here.

The libraries that read these files are written in C++ and Rust. A damaged or hostile file makes them abort, panic, hang
in a regular expression or ask for all memory there is, and none of that can be caught in the process where it happens.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import InputError, first_line
from core.places import ROOT
from core.terminal import show
from core.untrusted import Bounds, load_json

MOST_BYTES = 64 << 20
_SECONDS = 10  # of processor time; the largest vocabularies take two
_PATIENCE = 120.0  # seconds on a machine that is busy with other things
_MEMORY = 3 << 30
# 256,000 pieces and the 500,000 merges of them, three values each.
VOCABULARY = Bounds(MOST_BYTES, 8_000_000)
_MOST_TOKENS = 8  # for each character; a byte each of an emoji are four
_MOST_IDS = 1 << 24
_SAMPLES = (
    "The 3 quick foxes' tails: 12.5% of 1,024!\n\n\t\u4eca\u5929\u662f\u661f\u671f\u4e00\u3002 \U0001f600 e\u0301",
    *(part * 2000 for part in ("a", " ", "1", "\n", "\u4e00", ".", "a ", "'s", "A1", "!a")),
    "a" * 2000 + "!",
    " " * 2000 + "x",
)
_ASK = "; does model.tokenizer.kind fit it?"
_TRIED: set[tuple[str, str, int, int, int]] = set()


def try_tokenizer(kind: str, path: Path) -> None:
    """Load a tokenizer file and encode some texts in a process of its own; once for each file, those of the kit never.

    Raises:
        InputError: it is too large, cannot be read, or takes more than its time or memory.
    """
    status = path.stat()
    tried = (kind, str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)
    if tried in _TRIED or path.resolve().is_relative_to(ROOT / "assets"):
        return
    if status.st_size > MOST_BYTES:
        raise InputError(f"{path}: {status.st_size} bytes; no tokenizer has more than {MOST_BYTES >> 20} MiB")
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {_START}", kind, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{path}: does not load as a tokenizer within {_PATIENCE:.0f} s; damaged?") from error
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip().splitlines()
        why = said[-1][:200] if said and done.returncode == 2 else _death(done.returncode)
        raise InputError(f"{path}: {why.removesuffix(_ASK)}{_ASK}")
    _TRIED.add(tried)


_START = "from core.text import tokenizer_probe; sys.exit(tokenizer_probe.probe(*sys.argv[1:]))"


def _death(code: int) -> str:
    if code in (-24, -9):  # SIGXCPU, SIGKILL
        return f"takes more than {_SECONDS} s to be loaded and tried"
    return f"the library that reads it fails (it takes more than {_MEMORY >> 30} GiB, or is damaged)"


def probe(kind: str, file: str) -> int:
    """Load a file and encode some texts, within time and memory; in the end 0, or 2 and a line on standard output."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from core.text.tokenizers import opened

    path = Path(file)
    try:
        if kind == "hf":
            _refuse_slow_patterns(path)
        tokenizer = opened(kind, path)
        for sample in _SAMPLES:
            ids = tokenizer.encode(sample)
            if len(ids) > _MOST_TOKENS * len(sample) or not all(0 <= number < _MOST_IDS for number in ids):
                raise InputError(
                    f"{path}: makes {len(ids)} tokens of {len(sample)} characters, or ids of no vocabulary"
                )
            tokenizer.decode(ids)
        for number in (0, tokenizer.vocab_size // 2, tokenizer.vocab_size - 1):
            tokenizer.piece(number)
    except InputError as error:
        show(str(error).removeprefix(f"{path}: ").replace("\n", " "))
        return 2
    except Exception as error:
        show(f"not a tokenizer of kind {kind} that can be used ({type(error).__name__}: {first_line(error)})")
        return 2
    return 0


def _refuse_slow_patterns(path: Path) -> None:
    """Raise InputError for a regular expression that repeats what repeats: its time may double with each character."""
    value = load_json(path.read_bytes(), str(path), VOCABULARY)
    for name, part in value.items() if isinstance(value, dict) else ():
        for pattern in _patterns(part) if name not in ("model", "added_tokens") else ():
            if repeats_repeated(pattern):
                raise InputError(f"{path}: its {name} has a pattern that may take for ever: {pattern[:100]!r}")


def _patterns(value: Any) -> Iterator[str]:
    """Yield the regular expressions below a value of tokenizer.json: those in {"Regex": …}."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            todo += [item for key, item in part.items() if key != "Regex"]
            if isinstance(part.get("Regex"), str):
                yield part["Regex"]
        elif isinstance(part, list):
            todo += part


def repeats_repeated(pattern: str) -> bool:
    r"""Tell whether a group that is repeated holds a repetition or a choice: (a+)+, (a|aa)*, ((?:a?){9}){9}.

    Patterns in use repeat single characters and classes of them: ` ?\p{L}+|\s+(?!\S)`.
    """
    groups: list[bool] = [False]  # for each open group, whether it holds a repetition or a choice
    at, length = 0, len(pattern)
    while at < length:
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "[":
            at = _class_end(pattern, at)
        elif char == "(":
            groups.append(False)
            at += pattern.startswith("(?", at)
        elif char == ")":
            held = groups.pop() if len(groups) > 1 else False
            if held and pattern[at + 1 : at + 2] in ("*", "+", "{"):
                return True
            groups[-1] |= held
        elif char in "*+{|" or (char == "?" and at):
            groups[-1] = True
        at += 1
    return False


def _class_end(pattern: str, at: int) -> int:
    """Return where the class of characters ends that begins at `at`."""
    depth = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "[":
            depth += 1
        elif pattern[at] == "]":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return at

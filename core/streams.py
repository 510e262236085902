r"""The standard streams of a command, whatever it was started with: closed, broken or full, of any encoding.

Nothing that is printed may end the work: a character that the terminal's encoding lacks, and a byte of a file's name
that is not UTF-8, are printed as JSON writes them (`我` in ASCII: \u6211), so that `--json` stays JSON.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any

ESCAPED = "kit.escaped"


class OutputError(OSError):
    """Standard output does not take what is printed."""


class ReaderGone(OutputError):
    """Who read standard output (head, less) went away."""


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Replace what an encoding lacks by \uXXXX, two of them above U+FFFF, as JSON does."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


codecs.register_error(ESCAPED, _escaped)


def printable(text: str | os.PathLike[str]) -> str:
    r"""Return a text or path as UTF-8 can write it: what is not UTF-8 in it becomes \uXXXX."""
    return os.fspath(text).encode("utf-8", ESCAPED).decode("utf-8")


class _News(io.FileIO):
    """Standard error: what it does not take (no reader, a full disk, a lost terminal) is lost, and the work goes on."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


class _Output(io.FileIO):
    """Standard output: says what is wrong with it."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise ReaderGone(error.errno, error.strerror, "standard output") from error
        except OSError as error:
            raise OutputError(error.errno, error.strerror, "standard output") from error


def prepare() -> None:
    """Make the standard streams of this process ones that can be written to whatever happens.

    Streams that are closed lead nowhere from now on: else the next file that is opened would get what is printed, that
    of child processes and of native code too.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is taken, so it is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115 (stays open)
    # Others in their place (a test's) are left alone.
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        same = os.path.sameopenfile(1, 2)
        sys.stdout = _wrapped(sys.stdout, 1, _News if same else _Output)
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _wrapped(sys.stderr, 2, _News)


def _wrapped(stream: Any, number: int, kind: type[io.FileIO]) -> io.TextIOWrapper:
    """Return a stream in the place of a standard one, with its encoding and line buffering."""
    encoding, by_lines = "utf-8", True
    if stream is not None:
        stream.flush()
        encoding, by_lines = stream.encoding, stream.line_buffering
    raw = kind(number, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, ESCAPED, line_buffering=by_lines)


def discard_output() -> None:
    """Let standard output lead nowhere from now on: what Python still holds for it is written as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def speak_utf8() -> None:
    """Start this process again in Python's UTF-8 mode where the locale has names of files in another encoding.

    Names of files are UTF-8 then, as everywhere on Linux, and so is what is read and written; child processes inherit
    it. A terminal's own encoding (GBK) stays that of the standard streams. Does nothing in a UTF-8 locale, and nothing
    in the C locale, for which Python does the same by itself.
    """
    if sys.flags.utf8_mode or codecs.lookup(sys.getfilesystemencoding()).name == "utf-8" or not sys.executable:
        return
    os.environ["PYTHONUTF8"] = "1"
    spoken = getattr(sys.stdout, "encoding", None)
    if spoken and codecs.lookup(spoken).name != "ascii":
        os.environ.setdefault("PYTHONIOENCODING", spoken)
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])

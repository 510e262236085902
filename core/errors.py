"""The kit's exceptions, their exit codes, and the one place where they become text for a user."""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Callable, Sequence

from core.streams import OutputError, ReaderGone, discard_output, prepare, speak_utf8
from core.terminal import show, show_error, show_traceback

# What a system says where a disk has no room for more or a file may not grow, and where it does not let one write.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = _NO_ROOM | {errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}
# And where a path leads to no place for a file: a folder, something below a file, links in a circle.
_NO_PLACE = {errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG}
# Characters of a message; a run with a dozen wrong settings has 2,000.
_LONGEST = 10_000


class KitError(Exception):
    """A failure that a user can act on: one sentence that says what is wrong, where, and what to do."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the sentence; one that quotes a file without end is cut."""
        said = super().__str__()
        return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


class InputError(KitError):
    """Wrong input or configuration: a file, a record, a setting, an argument (exit code 2)."""

    exit_code = 2


class GateError(KitError):
    """The work was done and a gate or check of its result failed (exit code 3)."""

    exit_code = 3


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return what to add to a message about an unknown word: the nearest known one, or nothing."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """Say that there is nothing of a kind under a name, what there is, and which of it is nearest."""
    return f"unknown {kind} {name!r}; there are: {', '.join(known)}{did_you_mean(name, known)}"


def first_line(error: BaseException) -> str:
    """Return the first line (200 characters at most) of what an exception says; its class where it says nothing."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]


def refusal(error: OSError) -> str:
    """Say why the system did not let a file be read or written, and what to do where the disk is full."""
    reason = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        reason += "; make room, or set KIT_LOGS to a folder on a larger disk, and run the same command again"
    return f"{str(error.filename)[:_LONGEST]}: {reason}" if error.filename else reason


def is_refusal(error: Exception) -> bool:
    """Tell whether the system refused a path or has no room for a file: a matter of the user's and no defect."""
    return isinstance(error, OSError) and error.errno in _REFUSED | _NO_PLACE


def run_command(main: Callable[[Sequence[str]], int], argv: Sequence[str] | None = None) -> int:
    """Run a command's `main` and turn what it raises into one sentence and an exit code.

    Args:
        main: takes the argument list, returns an exit code.
        argv: arguments without the program's name; those of the process where None.

    Returns:
        0 done, 2 wrong input or configuration, 3 a gate or check failed, 1 a defect, 130 interrupted.
        With `--debug` among the arguments (or KIT_DEBUG=1) the traceback is printed too.
    """
    if argv is None:
        speak_utf8()
    prepare()
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments or os.environ.get("KIT_DEBUG") == "1"
    try:
        return _exit_code(main, [word for word in arguments if word != "--debug"], debug)
    except ReaderGone:
        # The reader of a pipe (head, less) went away; that is no fault of the command.
        discard_output()
        return 0
    except OutputError as error:
        discard_output()
        show_error(f"standard output: {error.strerror}; nothing else is wrong")
        return InputError.exit_code


def _exit_code(main: Callable[[Sequence[str]], int], arguments: Sequence[str], debug: bool) -> int:
    """Call `main` and say what it raises; OutputError where standard output does not take what is printed."""
    try:
        return main(arguments)
    except OutputError:
        raise
    except KitError as error:
        if debug:
            show_traceback()
        show_error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        show("interrupted: run the same command again to go on where it stopped", file=sys.stderr)
        return 130
    except Exception as error:
        if debug:
            show_traceback()
        if isinstance(error, OSError) and is_refusal(error):
            show_error(refusal(error))
            return InputError.exit_code
        # a defect of the kit
        kind = type(error).__name__
        show_error(f"defect in the kit ({kind}: {error}); --debug shows where")
        return 1
    finally:
        # Here, where what is wrong with it can still be said; also after --help, which ends the process.
        sys.stdout.flush()

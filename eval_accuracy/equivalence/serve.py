"""The program that `process` starts: reads pairs of formulas, a JSON list a line, and answers `true` or `false`."""

from __future__ import annotations

import contextlib
import json
import sys

from eval_accuracy.equivalence.symbolic import is_same

_MEMORY = 1 << 30


def main() -> None:
    """Answer until standard input ends."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for line in sys.stdin:
        left, right = json.loads(line)
        print(json.dumps(is_same(left, right)), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()

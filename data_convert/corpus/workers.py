"""Work spread over processes, its results in the order of its items."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from core.errors import KitError
from core.processes import die_with_parent

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

_task: tuple[Callable[..., Any], Any] | None = None


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def in_parallel(
    function: Callable[[Shared, Item], Result], shared: Shared, items: Iterable[Item], processes: int
) -> Generator[Result, None, None]:
    """Yield function(shared, item) for each item, in order, computed by `processes` processes.

    `shared` is inherited by the processes, not sent to them; items and results are pickled. Only a few items are
    ahead of what has been taken, so that results do not pile up. What is work for one process is done in this one.

    Raises:
        KitError: a process was killed; and whatever `function` raises.
    """
    if isinstance(items, Sized):
        processes = min(processes, len(items))
    if processes <= 1:
        for item in items:
            yield function(shared, item)
        return
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(processes, context, _begin, (function, shared))
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(_call, item))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise KitError(
            "a worker process was killed (by lack of memory, perhaps); run the same command again"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(function: Callable[..., Any], shared: Any) -> None:
    global _task
    die_with_parent()()
    # Records make no cycles, and looking for some among many small lists costs a tenth of the time.
    gc.freeze()
    gc.disable()
    # Ctrl-C is for the parent, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _task = (function, shared)


def _call(item: Any) -> Any:
    assert _task is not None
    function, shared = _task
    return function(shared, item)

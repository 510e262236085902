"""Work in several processes: in order, errors passed on, a killed worker named."""

from __future__ import annotations

import os
import signal

import pytest

from core.errors import InputError, KitError
from data_convert.corpus.workers import in_parallel


def _times(factor: int, item: int) -> int:
    return factor * item


def _refuse(limit: int, item: int) -> int:
    if item == limit:
        raise InputError(f"item {item} is bad")
    return item


def _die(_: None, item: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return item


@pytest.mark.parametrize("processes", [1, 3])
def test_results_come_in_the_order_of_their_items(processes: int) -> None:
    assert list(in_parallel(_times, 3, range(50), processes)) == [3 * item for item in range(50)]


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_is_raised_where_its_result_would_come(processes: int) -> None:
    results = in_parallel(_refuse, 7, range(20), processes)
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(InputError, match="item 7 is bad"):
        next(results)


def test_a_killed_worker_is_no_silent_loss() -> None:
    with pytest.raises(KitError, match="worker process was killed"):
        list(in_parallel(_die, None, range(4), 2))

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from inference.engine import Completion
from inference.http import HttpEngine


@contextmanager
def serving() -> Iterator[str]:
    script = Path(__file__).with_name("faulty_server.py")
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.terminate()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as address:
        yield address


def engine(url: str, **more: Any) -> HttpEngine:
    return HttpEngine(url, "m", **{"concurrency": 4, "timeout": 1.0, "attempts": 3, "pause": 0.01, **more})


def asked(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url) as response:
        return dict(json.load(response))


def test_answers_in_order_with_stop(url: str) -> None:
    prompts = [f"question {number}" for number in range(20)]
    done: dict[int, Completion] = {}
    answers = engine(url).generate(prompts, 8, on_done=done.__setitem__)
    assert [answer.text for answer in answers] == [f"<{prompt}>" for prompt in prompts]
    assert [done[index] for index in range(20)] == answers
    assert answers[0].tokens == 3
    assert engine(url).generate(["a stop"], 8, stop=[" stop"])[0].text == "<a"
    assert engine(url).generate([], 8) == []


@pytest.mark.parametrize("fault", ["500", "garbage", "list", "cut", "hang"])
def test_a_passing_fault_is_survived(url: str, fault: str) -> None:
    assert engine(url).generate([f"{fault}:2:survives"], 8)[0].text == "<survives>"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("500", "status 500, 2 times"),
        ("garbage", "no completion, 2 times"),
        ("cut", "cut the connection|connection failed"),
        ("hang", "did not answer within 0.5 s"),
        ("drip", "did not answer within 0.5 s"),
        ("headers", "did not answer within 0.5 s"),
    ],
)
def test_a_lasting_fault_is_one_sentence_in_bounded_time(url: str, fault: str, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(InputError, match=said):
        engine(url, timeout=0.5, attempts=2).generate([f"{fault}:99:lasting"], 8)
    assert time.monotonic() - started < 60


def test_a_refused_request_is_not_repeated(url: str) -> None:
    with pytest.raises(InputError, match="status 400 .*no such thing"):
        engine(url).generate(["400:99:refused"], 8)
    assert asked(url)["seen"]["400:99:refused"] == 1


def test_what_was_answered_before_a_failure_is_handed_over(url: str) -> None:
    done: dict[int, Completion] = {}
    prompts = [*(f"good {number}" for number in range(6)), "400:9:bad", *(f"never {number}" for number in range(50))]
    with pytest.raises(InputError):
        engine(url, concurrency=2).generate(prompts, 8, on_done=done.__setitem__)
    assert set(range(5)) <= set(done)
    assert len(done) < 60


def test_concurrency_is_bounded_and_used() -> None:
    with serving() as address:
        engine(address, concurrency=3).generate([f"wait:9:{number}" for number in range(9)], 8)
        assert asked(address)["most"] == 3


def test_loglikelihood_counts_the_continuation_only(url: str) -> None:
    assert engine(url).loglikelihood(["ab", "abc"], ["xyz", "x"]) == [-1.5, -0.5]


def test_nobody_listens() -> None:
    with pytest.raises(InputError, match="connection failed"):
        engine("http://127.0.0.1:9/v1", attempts=2).generate(["x"], 8)


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://host/v1", "http:///v1"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(InputError, match="server address"):
        engine(address)

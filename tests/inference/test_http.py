from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from core.errors import InputError
from core.text.prompts import Prompt
from inference.engine import Completion, GenerationSettings
from inference.http.engine import HttpEngine
from inference.prompt_fit import PromptFit
from inference.sampling import Sampling
from tests.inference.scripted import requests, scored


@contextmanager
def serving(*options: str) -> Iterator[str]:
    script = Path(__file__).with_name("faulty_server.py")
    with subprocess.Popen(
        [sys.executable, str(script), *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as address:
        yield address


def engine(url: str, **more: Any) -> HttpEngine:
    return HttpEngine(url, "m", **{"concurrency": 4, "timeout": 1.0, "retries": 2, "pause": 0.01, **more})


def asked(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url) as response:
        return dict(json.load(response))


def test_answers_in_order_with_stop(url: str) -> None:
    prompts = [f"question {number}" for number in range(20)]
    done: dict[int, Completion] = {}
    answers = engine(url).generate(requests(prompts), GenerationSettings(8), done.__setitem__)
    assert [answer.text for answer in answers] == [f"<{prompt}>" for prompt in prompts]
    assert [done[index] for index in range(20)] == answers
    assert answers[0].tokens == 3
    assert engine(url).generate(requests(["a stop"]), GenerationSettings(8, stop=(" stop",)))[0].text == "<a"
    assert engine(url).generate(requests([]), GenerationSettings(8)) == []


@pytest.mark.parametrize("fault", ["500", "garbage", "list", "cut", "hang"])
def test_a_passing_fault_is_survived(url: str, fault: str) -> None:
    assert engine(url).generate(requests([f"{fault}:2:survives"]), GenerationSettings(8))[0].text == "<survives>"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("500", "status 500, 2 times"),
        ("garbage", r"no completion \(<html>gateway</html>\), 2 times for question 0;"),
        ("gibberish", "connection failed .GIBBERISH., 2 times"),
        ("cut", "cut the connection|connection failed"),
        ("hang", "did not answer within 0.5 s"),
        ("drip", "did not answer within 0.5 s"),
        ("headers", "did not answer within 0.5 s"),
    ],
)
def test_a_lasting_fault_is_one_sentence_in_bounded_time(url: str, fault: str, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(InputError, match=said):
        engine(url, timeout=0.5, retries=1).generate(requests([f"{fault}:99:lasting"]), GenerationSettings(8))
    assert time.monotonic() - started < 60


def test_a_refused_request_is_not_repeated(url: str) -> None:
    with pytest.raises(InputError, match="status 400 .*no such thing"):
        engine(url).generate(requests(["400:99:refused"]), GenerationSettings(8))
    assert asked(url)["seen"]["400:99:refused"] == 1


def test_what_was_answered_before_a_failure_is_handed_over(url: str) -> None:
    done: dict[int, Completion] = {}
    prompts = [*(f"good {number}" for number in range(6)), "400:9:bad", *(f"never {number}" for number in range(50))]
    with pytest.raises(InputError):
        engine(url, concurrency=2).generate(requests(prompts), GenerationSettings(8), done.__setitem__)
    assert set(range(5)) <= set(done)
    assert len(done) < 60


def test_an_interruption_does_not_wait_for_the_server(url: str) -> None:
    def on_done(index: int, answer: Completion) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        engine(url, timeout=60, retries=9, pause=30).generate(
            requests(["hang:9:interrupted", "quick"]), GenerationSettings(8), on_done
        )
    assert time.monotonic() - started < 25  # the next attempt would begin after 30 s


def test_concurrency_is_bounded_and_used() -> None:
    with serving() as address:
        engine(address, concurrency=3).generate(
            requests([f"wait:9:{number}" for number in range(9)]), GenerationSettings(8)
        )
        assert asked(address)["most"] == 3


def test_a_server_that_is_too_busy_is_asked_again_when_it_says(url: str) -> None:
    started = time.monotonic()
    assert engine(url).generate(requests(["429:1:later"]), GenerationSettings(8))[0].text == "<later>"
    assert time.monotonic() - started >= 1
    with pytest.raises(InputError, match="asks to wait 3600 s"):
        engine(url).generate(requests(["patience:9:much later"]), GenerationSettings(8))


def test_keys() -> None:
    with serving() as address:
        engine(address, key="secret").generate(requests(["x"]), GenerationSettings(8))
        assert asked(address)["keys"] == ["Bearer secret"]
        with pytest.raises(InputError, match="rejects the API key .*api_key_env"):
            engine(address).generate(requests(["401:9:x"]), GenerationSettings(8))


def test_what_is_sent() -> None:
    with serving() as address:
        engine(address).generate(requests(["plain"]), GenerationSettings(8, stop=(".",)))
        names = ["q1", "q2"]
        drawn = Sampling(0.5, top_k=4, top_p=0.9, seed=7)
        for _ in range(2):
            asking = requests(["a", "b"], names)
            engine(address, concurrency=1).generate(asking, GenerationSettings(8, 2, sampling=drawn))
        bodies = asked(address)["bodies"]
    assert bodies[0] == {"model": "m", "prompt": "plain", "max_tokens": 8, "temperature": 0, "stop": ["."]}
    assert bodies[1] == {"model": "m", "prompt": "a", "max_tokens": 8, "temperature": 0.5, "min_tokens": 2,
                         "top_p": 0.9, "top_k": 4, "seed": bodies[1]["seed"]}  # fmt: skip
    assert bodies[1] == bodies[3] != bodies[2] == bodies[4]
    assert bodies[1]["seed"] != bodies[2]["seed"]


class Characters:
    """A tokenizer whose tokens are characters, as the server's."""

    bos_id, eos_id, pad_id, vocab_size = 1, 2, 3, 128
    controls: ClassVar[dict[str, int]] = {}

    def encode(self, text: str) -> list[int]:
        return list(map(ord, text))

    def encode_around(self, texts: Sequence[str], controls: Sequence[int]) -> list[int]:
        return self.encode(texts[0])

    def piece_id(self, piece: str) -> int | None:
        return None


def test_prompts_as_tokens_have_their_bos_and_are_cut_by_the_one_rule() -> None:
    fit = PromptFit(Characters(), 12, 128)  # type: ignore[arg-type]
    fit.prompt = Prompt(name="p", template="{question}", bos=True)
    with serving() as address:
        asking = engine(address, fit=fit)
        assert asking.overlong(["short", "rather long"], 4) == [False, True]
        asking.generate(requests(["short"]), GenerationSettings(4))
        asking.generate(requests(["rather long"]), GenerationSettings(4))
        assert asking.loglikelihood(scored([("ab", "xyz"), ("ab", "x")])) == [-1.5, -0.5]
        bodies = asked(address)["bodies"]
    assert bodies[0]["prompt"] == [1, *map(ord, "short")]
    assert bodies[1]["prompt"] == [1, *map(ord, "er long")]
    assert len(bodies) == 4


def test_loglikelihood_counts_the_continuation_only(url: str) -> None:
    seen: dict[int, float] = {}
    asking, pairs = engine(url), [("ab", "xyz"), ("abc", "x"), ("ab", "")]
    assert asking.loglikelihood(scored(pairs), seen.__setitem__) == [-1.5, -0.5, 0.0]
    assert seen == {0: -1.5, 1: -0.5, 2: 0.0}


def test_continuations_of_a_prompt_that_is_cut_see_the_same_tokens_of_it() -> None:
    fit = PromptFit(Characters(), 12, 128)  # type: ignore[arg-type]
    with serving() as address:
        engine(address, fit=fit).loglikelihood(scored([("rather long", "x"), ("rather long", "xyz")]))
        sent = ["".join(map(chr, body["prompt"])) for body in asked(address)["bodies"]]
    assert sent == ["ther longx", "ther longxyz"]


def test_a_server_without_log_probabilities_says_so_in_one_sentence(url: str) -> None:
    for fault in ("nologprobs", "noecho"):
        with pytest.raises(InputError, match="returns no log-probabilities .*--mode generate"):
            engine(url).loglikelihood(scored([(f"{fault}:9:x", "y")]))
    with serving("--refuse-echo") as address, pytest.raises(InputError, match="echo is not supported.*--mode generate"):
        engine(address).loglikelihood(scored([("x", "y")]))


def test_nobody_listens() -> None:
    with pytest.raises(InputError, match="connection failed"):
        engine("http://127.0.0.1:9/v1", retries=1).generate(requests(["x"]), GenerationSettings(8))


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://host/v1", "http:///v1"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(InputError, match="server address"):
        engine(address)


def test_an_address_without_a_path_is_that_of_the_interface() -> None:
    assert engine("http://host:8000").url == engine("http://host:8000/v1/").url == "http://host:8000/v1"
    assert engine("https://host/serving/v1").url == "https://host/serving/v1"

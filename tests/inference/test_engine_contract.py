"""What every engine keeps, whoever wrote it: the entries of ENGINES, with the practice model.

One that computes here is made with the practice checkpoint; on a machine that lacks its device it says so in one
sentence. One that asks a server asks a real one, which has the same checkpoint.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.config import kit_path, load_contest, model_tokenizer
from core.errors import InputError
from core.registry import ENGINES
from core.schema import RunConfig
from core.text.prompts import render
from data_convert.practice import reading
from evaluation.asking.requests import target_delimiter
from inference.engine import Completion, Engine, GenerationSettings, Request
from inference.engines import (
    EngineKind,
    LocalEngine,
    LocalEngineKind,
    ServedEngineKind,
    engine_kind,
    local_engine,
    served_kind,
)
from inference.sampling import Sampling
from tests.inference.scripted import generated, requests, scored

pytestmark = [pytest.mark.mindspore, pytest.mark.slow]

MAX_LENGTH = 160
# A server is asked in both ways: its own tokens, and the kit's.
CASES = [
    (name, form)
    for name in ENGINES.names()
    for form in (("text", "tokens") if isinstance(ENGINES.get(name), ServedEngineKind) else ("",))
]


@dataclass
class Case:
    kind: EngineKind
    config: RunConfig
    engine: Engine

    @property
    def delimiter(self) -> str:
        """What stands between a prompt and its continuation."""
        return target_delimiter(model_tokenizer(self.config.model)) if self.kind.sends_text(self.config) else ""

    @property
    def prompts(self) -> list[str]:
        return [render(self.config.squad_prompt, record) for record in reading.records(6, 3)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server with the practice model."""
    script = Path(__file__).with_name("completions_server.py")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(filter(None, case)))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    name, form = request.param
    changed = [f"eval.engine={name}", f"model.max_length={MAX_LENGTH}"]
    if form:
        changed += [f"eval.http.url={request.getfixturevalue('address')}", "eval.http.model=m"]
        changed += [f"eval.http.prompts={form}"]
    config = load_contest("practice_math", changed)
    kind, tokenizer = engine_kind(config), model_tokenizer(config.model)
    if not isinstance(kind, LocalEngineKind):
        return Case(kind, config, served_kind(config).build(config, config.squad_prompt, lambda: tokenizer))
    made = made_or_refused(config, tmp_path_factory.mktemp("engine"))
    if isinstance(made, str):
        pytest.skip(made)
    return Case(kind, config, made)


def made_or_refused(config: RunConfig, folder: Path) -> LocalEngine | str:
    """Return an engine that takes the contest's prompts, or why this machine has none."""
    try:
        engine = local_engine(config, kit_path(config.model.checkpoint), model_tokenizer(config.model), folder)
    except InputError as refusal:
        return str(refusal)
    engine.use(config.squad_prompt)
    return engine


@pytest.fixture(scope="module")
def cpu(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    config = load_contest("practice_math", ["eval.engine=cpu", f"model.max_length={MAX_LENGTH}"])
    made = made_or_refused(config, tmp_path_factory.mktemp("cpu"))
    assert not isinstance(made, str)
    return made


@pytest.mark.parametrize("name", ENGINES.names())
def test_an_engine_whose_device_is_not_here_refuses_in_one_sentence(name: str, tmp_path: Path) -> None:
    kind = ENGINES.get(name)
    if isinstance(kind, LocalEngineKind) and kind.device != "CPU":
        made = made_or_refused(load_contest("practice_math", [f"eval.engine={name}"]), tmp_path)
        if isinstance(made, str):
            assert re.fullmatch(r"0 .* on this machine .*; set .*, or ask a server with --server", made)
    elif isinstance(kind, ServedEngineKind):
        with pytest.raises(InputError, match="needs eval.http.url and eval.http.model .--server URL --model NAME."):
            kind.model(load_contest("practice_math", [f"eval.engine={name}"]))


def test_every_entry_is_an_engine_with_a_label_of_its_own() -> None:
    kinds = [ENGINES.get(name) for name in ENGINES.names()]
    assert all(isinstance(kind, EngineKind) for kind in kinds)
    assert len({kind.label for kind in kinds}) == len(kinds)
    devices = [kind.device for kind in kinds if isinstance(kind, LocalEngineKind) and kind.device]
    assert sorted(devices) == ["Ascend", "CPU"]


def test_an_answer_does_not_depend_on_what_else_is_asked(case: Case) -> None:
    prompts = case.prompts
    names = [f"q{number}" for number in range(len(prompts))]
    for sampling in (Sampling(), Sampling(1.3, top_k=50, top_p=0.95, seed=4)):
        settings = GenerationSettings(8, sampling=sampling)
        together = [answer.text for answer in case.engine.generate(requests(prompts, names), settings)]
        for name, prompt, text in list(zip(names, prompts, together, strict=True))[::-2]:
            assert case.engine.generate([Request(name, prompt)], settings)[0].text == text
        assert len(set(together)) > 1


def test_limits_and_stop_strings_end_an_answer(case: Case) -> None:
    asked = requests(case.prompts[:2])
    whole = case.engine.generate(asked, GenerationSettings(12, 12))
    assert [answer.tokens for answer in whole] == [12, 12]
    word = whole[0].text[len(whole[0].text) // 2 :][:3]
    cut = case.engine.generate(asked, GenerationSettings(12, 12, stop=("never there", word)))
    assert cut[0].text == whole[0].text[: whole[0].text.index(word)]
    assert cut[0].tokens < 12
    assert cut[1].text == whole[1].text.partition(word)[0]


def test_every_request_is_reported_once_with_what_is_returned(case: Case) -> None:
    seen: list[tuple[int, Completion]] = []
    answers = case.engine.generate(requests(case.prompts), GenerationSettings(5), lambda *done: seen.append(done))
    assert sorted(seen, key=lambda done: done[0]) == list(enumerate(answers))
    known: list[tuple[int, float]] = []
    pairs = [(prompt, case.delimiter + tail) for tail in ("red", "a small town") for prompt in case.prompts[:3]]
    values = case.engine.loglikelihood(scored(pairs), lambda *done: known.append(done))
    assert sorted(known) == list(enumerate(values))
    assert case.engine.generate([], GenerationSettings(5)) == []
    assert case.engine.loglikelihood([]) == []


def test_a_log_likelihood_is_the_sum_over_the_continuation(case: Case) -> None:
    """log P(two words | prompt) = log P(first | prompt) + log P(second | prompt and first)."""
    space, prompts = case.delimiter, case.prompts[:3]
    joint = target_delimiter(model_tokenizer(case.config.model))  # between words that are tokenised apart
    pairs = [(prompt, f"{space}red{joint}stone") for prompt in prompts]
    pairs += [(prompt, f"{space}red") for prompt in prompts]
    pairs += [(f"{prompt}{joint}red", f"{space}stone") for prompt in prompts]
    found = case.engine.loglikelihood(scored([*pairs, (prompts[0], "")]))
    whole, first, second = found[:3], found[3:6], found[6:9]
    assert whole == pytest.approx([a + b for a, b in zip(first, second, strict=True)], abs=1e-4)
    assert all(value < 0 for value in found[:9])
    assert found[9] == 0


def test_the_likeliest_first_token_is_the_one_that_is_generated(case: Case) -> None:
    prompt, tails = case.prompts[0], ["red", "green", "the", "a", "in", "stone"]
    best = generated(case.engine, [prompt], 1)[0].strip()
    values = case.engine.loglikelihood(scored([(prompt, case.delimiter + tail) for tail in [best, *tails]]))
    assert values[0] >= max(values[1:])


def test_a_prompt_that_is_called_overlong_loses_its_beginning_and_no_other(case: Case) -> None:
    words = " ".join(case.prompts[:2]).split()
    short, long = " ".join(words[:40]), " ".join(words * 4)
    if case.kind.sends_text(case.config):
        assert case.engine.overlong([short, long], 8) == [False, False]  # the server knows, and nobody else
        return
    assert case.engine.overlong([short, long], 8) == [False, True]
    plain, other = (generated(case.engine, [f"{start}{text}" for text in (short, long)], 8) for start in ("", "red "))
    assert other[1] == plain[1]
    tails = [case.engine.loglikelihood(scored([(f"{start}{short}", "red")]))[0] for start in ("", "red ")]
    assert tails[0] != tails[1]


def test_every_engine_gives_the_answers_of_the_cpu(case: Case, cpu: Engine) -> None:
    assert generated(case.engine, case.prompts, 8) == generated(cpu, case.prompts, 8)
    pairs = [(prompt, "a small town") for prompt in case.prompts]
    expected = cpu.loglikelihood(scored(pairs))
    spaced = [(prompt, case.delimiter + tail) for prompt, tail in pairs]
    assert case.engine.loglikelihood(scored(spaced)) == pytest.approx(expected, abs=1e-3)

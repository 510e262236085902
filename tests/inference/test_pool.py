"""Workers under msrun, on the CPU with the practice model: the same texts as one process, whatever a worker does."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import kit_path, load_contest
from core.errors import KitError
from core.schema import RunConfig
from core.text.prompts import render
from core.text.tokenizers import load_tokenizer
from data_convert.practice import reading
from inference.ascend.pool import WorkerPool, share
from inference.engine import Completion, GenerationSettings
from inference.engines import local_engine
from tests.inference.scripted import generated, requests, scored
from tests.processes import descendants, left, worker


@given(prompts=st.lists(st.text("ab", min_size=1, max_size=90), max_size=60), count=st.integers(1, 8))
def test_every_question_has_one_worker_and_all_work_as_long(prompts: list[str], count: int) -> None:
    shares = [share(prompts, rank, count) for rank in range(count)]
    assert sorted(index for mine in shares for index in mine) == list(range(len(prompts)))
    shared = [{prompts[index] for index in mine} for mine in shares]
    assert sum(map(len, shared)) == len(set(prompts))
    work = [sum(map(len, mine)) for mine in shared]
    assert max(work) - min(work) <= max(map(len, prompts), default=0)


@pytest.fixture
def world(tmp_path: Path) -> tuple[RunConfig, Any, Any, list[str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    changed = ["machine.workers=2", "machine.data_parallel=2", f"machine.master_port={port}"]
    config = load_contest("practice_math", changed)
    model = config.model
    tokenizer = load_tokenizer(model.tokenizer.kind, kit_path(model.tokenizer.file), 1, 2, 3)
    pool = WorkerPool(config, kit_path(model.checkpoint), tokenizer, tmp_path / "workers")
    pool.use(config.squad_prompt)
    return config, tokenizer, pool, [render(config.squad_prompt, record) for record in reading.records(30, 3)]


@pytest.mark.mindspore
@pytest.mark.slow
def test_two_workers_answer_as_one_process(world: tuple[RunConfig, Any, Any, list[str]], tmp_path: Path) -> None:
    config, tokenizer, pool, prompts = world
    seen: dict[int, Completion] = {}
    answers = pool.generate(requests(prompts), GenerationSettings(8), seen.__setitem__)
    assert [seen[index] for index in range(30)] == answers
    assert all((tmp_path / "workers" / f"answers_{rank}.jsonl").stat().st_size for rank in range(2))
    alone = local_engine(config, kit_path(config.model.checkpoint), tokenizer, tmp_path)
    alone.use(config.squad_prompt)
    assert generated(alone, prompts, 8) == [answer.text for answer in answers]


@pytest.mark.mindspore
@pytest.mark.slow
def test_two_workers_score_as_one_process(world: tuple[RunConfig, Any, Any, list[str]], tmp_path: Path) -> None:
    config, tokenizer, pool, prompts = world
    pairs = [(prompt, tail) for tail in ("red", "a small town", "") for prompt in prompts[:9]]
    seen: dict[int, float] = {}
    found = pool.loglikelihood(scored(pairs), seen.__setitem__)
    assert [seen[index] for index in range(27)] == found
    alone = local_engine(config, kit_path(config.model.checkpoint), tokenizer, tmp_path)
    alone.use(config.squad_prompt)
    assert found == pytest.approx(alone.loglikelihood(scored(pairs)), abs=1e-4)
    assert len({round(value, 3) for value in found}) > 18


@pytest.mark.mindspore
@pytest.mark.slow
def test_a_worker_that_dies_is_told_of_and_its_answers_are_kept(
    world: tuple[RunConfig, Any, Any, list[str]],
) -> None:
    _, _, pool, prompts = world
    seen: dict[int, Completion] = {}
    before, started = descendants(), set[psutil.Process]()

    def on_done(index: int, answer: Completion) -> None:
        if not seen:
            started.update(descendants() - before)
            for rank in range(2):
                if victim := worker(None, rank):
                    victim.kill()
        seen[index] = answer

    with pytest.raises(KitError, match="a worker stopped: .*run the same command again"):
        pool.generate(requests(prompts * 40), GenerationSettings(8), on_done)
    assert seen
    assert len(started) > 2
    assert not left(started | descendants() - before, seconds=5)

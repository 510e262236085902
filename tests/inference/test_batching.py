from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.formats.tensors import write_tensors
from core.errors import InputError
from core.text.prompts import Prompt, render
from core.text.records import Record
from inference.cpu.engine import CpuEngine
from inference.engine import Completion, GenerationSettings
from inference.sampling import Sampling
from tests.inference.llama_world import Recomputing, make_tokenizer, random_tensors, settings, texts
from tests.inference.scripted import generated, requests, scored

pytestmark = [pytest.mark.mindspore, pytest.mark.slow]

ENDS = {2, 3}


class World:
    def __init__(self, folder: Path, **more: Any) -> None:
        self.tokenizer = make_tokenizer(folder)
        self.model = settings(self.tokenizer.vocab_size, **more)
        tensors = random_tensors(self.model, 1)
        write_tensors(folder / "model.ckpt", tensors)
        self.checkpoint = folder / "model.ckpt"
        self.truth = Recomputing(self.model, tensors)
        self.engine = CpuEngine(self.model, self.checkpoint, self.tokenizer, batch_size=5, max_length=256)

    def expected(self, prompt: str, most: int) -> list[int]:
        return self.truth.greedy(self.tokenizer.encode(prompt), most, ENDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def watch(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Note (sequences that were running, sequences that entered) whenever some enter."""
    from inference.cpu.cache import Computed, Slots

    seen: list[tuple[int, int]] = []
    enter = Slots.enter

    def noting(slots: Slots, state: Computed) -> None:
        seen.append((slots.live, len(state.lengths)))
        enter(slots, state)

    monkeypatch.setattr(Slots, "enter", noting)
    return seen


def test_text_is_that_of_the_whole_forward_pass_while_sequences_enter_and_leave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 40 new tokens outgrow a slot's first room; the lengths of prompts and answers differ, so that slots fall free.
    seen = watch(monkeypatch)
    prompts = texts(24, 5, 60)
    answers = world.engine.generate(requests(prompts), GenerationSettings(40))
    lengths = set()
    for prompt, answer in zip(prompts, answers, strict=True):
        expected = world.expected(prompt, 40)
        assert answer.text == world.tokenizer.decode(expected)
        assert answer.tokens == len(expected)
        lengths.add(len(expected))
    assert min(lengths) < 10
    assert max(lengths) == 40
    assert sum(count for _, count in seen) == 24
    assert any(running for running, _ in seen)
    assert max(running + count for running, count in seen) == 5


def test_every_network_is_compiled_once_for_all_sizes(world: World) -> None:
    for batch_size in (1, 3, 7):
        world.engine.batch_size = batch_size
        world.engine.generate(requests(texts(9, batch_size)), GenerationSettings(6))
        world.engine.loglikelihood(scored((text, " a town") for text in texts(3, batch_size)))
    world.engine.batch_size = 5
    networks = world.engine._networks
    assert [len(network.compile_cache) for network in (networks.prefill, networks.score, networks.step)] == [1, 1, 1]


@pytest.mark.parametrize(
    "more", [{"n_kv_heads": 2}, {"n_kv_heads": 1, "qkv_has_bias": True, "attn_proj_has_bias": True,
                                 "tie_word_embeddings": True}]
)  # fmt: skip
def test_other_shapes_of_the_model(tmp_path: Path, more: dict[str, Any]) -> None:
    world = World(tmp_path, **more)
    prompts = texts(8, 7)
    found = generated(world.engine, prompts, 12)
    assert found == [world.tokenizer.decode(world.expected(prompt, 12)) for prompt in prompts]


def test_what_prompts_begin_with_is_computed_once_and_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, other = " ".join(texts(1, 20, 60)[0].split() * 3), " ".join(texts(1, 21, 60)[0].split() * 3)
    prompts = [f"{begin} {end}" for begin in (start, other, "a") for end in texts(5, 22, 6)]
    computed: list[int] = []
    from inference.cpu.cache import Extension

    last = Extension.last
    monkeypatch.setattr(Extension, "last", lambda self: computed.append(int(self.counts.sum())) or last(self))
    found = generated(world.engine, prompts, 5)
    assert found == [world.tokenizer.decode(world.expected(prompt, 5)) for prompt in prompts]
    assert sum(computed) < sum(len(world.tokenizer.encode(prompt)) for prompt in prompts) / 3


def test_prompts_longer_than_one_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = texts(6, 8, 60)
    monkeypatch.setattr("inference.cpu.cache.PREFILL_TOKENS", 1)  # pieces of at most 32 columns
    found = generated(world.engine, prompts, 6)
    assert found == [world.tokenizer.decode(world.expected(prompt, 6)) for prompt in prompts]


def test_a_padding_token_within_a_prompt_is_not_attended_to(world: World) -> None:
    ids = [5, 9, 3, 14, 3, 20]
    world.tokenizer.encode = {"padded": ids, "plain": [4] * 11}.__getitem__  # type: ignore[method-assign,assignment]
    try:
        found = world.engine.generate(requests(["padded", "plain"]), GenerationSettings(6))[0].text
    finally:
        del world.tokenizer.encode
    assert found == world.tokenizer.decode(world.truth.greedy(ids, 6, ENDS))


def test_every_answer_is_reported_once_as_it_is_finished(world: World) -> None:
    prompts, seen = texts(20, 11), {}

    def on_done(index: int, answer: Completion) -> None:
        assert index not in seen
        seen[index] = answer

    answers = world.engine.generate(requests(prompts), GenerationSettings(12), on_done)
    assert [seen[index] for index in range(20)] == answers
    assert world.engine.generate(requests([]), GenerationSettings(12)) == []


def test_loglikelihood_is_that_of_the_whole_forward_pass_and_a_prompt_is_computed_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = texts(6, 13, 50)
    tails = [" near the bridge", " old", "", " apples and a stone"]
    pairs = [(prompt, tail) for tail in tails for prompt in prompts]
    computed: list[int] = []
    from inference.cpu.cache import Extension

    last = Extension.last
    monkeypatch.setattr(Extension, "last", lambda self: computed.append(len(self.counts)) or last(self))
    found = world.engine.loglikelihood(scored(pairs))
    encode = world.tokenizer.encode
    for (prompt, tail), value in zip(pairs, found, strict=True):
        assert value == pytest.approx(world.truth.loglikelihood(encode(prompt), encode(tail)), abs=1e-3)
    assert sum(computed) == len(prompts)


def test_what_is_sampled_depends_on_seed_and_name_and_not_on_the_batch(world: World) -> None:
    prompts = texts(12, 30)
    names = [f"q{number}" for number in range(12)]
    sampling = Sampling(temperature=1.5, top_k=40, top_p=0.95, seed=3)

    def ask(chosen: list[int], how: Sampling = sampling) -> dict[str, str]:
        wanted = requests([prompts[number] for number in chosen], [names[number] for number in chosen])
        answers = world.engine.generate(wanted, GenerationSettings(10, sampling=how))
        return {names[number]: answer.text for number, answer in zip(chosen, answers, strict=True)}

    together = ask(list(range(12)))
    assert ask(list(range(12))) == together
    for number in range(12):
        assert ask([number]) == {names[number]: together[names[number]]}
    assert ask(list(range(12)), Sampling(1.5, 40, 0.95, seed=4)) != together
    greedy = generated(world.engine, prompts, 10)
    assert list(together.values()) != greedy
    assert list(ask(list(range(12)), Sampling(1.5, top_k=1)).values()) == greedy


def test_end_minimum_and_stop_strings(world: World, tmp_path: Path) -> None:
    tensors = random_tensors(world.model, 3)
    # A head that always prefers the end: the logit of `eos` is the largest entry of the normed state, times a lot.
    tensors["model.norm_out.weight"][:] = 0
    tensors["model.norm_out.weight"][0] = 1
    tensors["lm_head.weight"][:] = 0
    tensors["lm_head.weight"][2, 0] = 1e6
    tensors["model.tok_embeddings.embedding_weight"][:, 0] = 1e3  # keeps that state's first entry positive
    write_tensors(tmp_path / "ends.ckpt", tensors)
    engine = world.engine
    engine.load(tmp_path / "ends.ckpt")
    assert [
        answer.tokens for answer in engine.generate(requests(["the river", "a town"]), GenerationSettings(9, 0))
    ] == [0, 0]
    assert [answer.tokens for answer in engine.generate(requests(["the river"]), GenerationSettings(9, 4))] == [4]
    engine.load(world.checkpoint)

    whole = engine.generate(requests(["the river runs"]), GenerationSettings(12, 12))[0]
    mark = whole.text[len(whole.text) // 2 :][:3]
    short = engine.generate(requests(["the river runs"]), GenerationSettings(12, 12, (mark, "never there")))[0]
    assert short.text == whole.text[: whole.text.index(mark)]
    assert short.tokens < whole.tokens


def test_a_long_prompt_keeps_its_end_and_its_bos(world: World) -> None:
    engine = CpuEngine(world.model, world.checkpoint, world.tokenizer, max_length=30)
    ids = world.tokenizer.encode(" ".join(texts(6, 12)))
    text = world.tokenizer.decode(ids)
    assert engine.overlong([text, "a"], 10) == [True, False]
    plain = engine.generate(requests([text]), GenerationSettings(10))[0].text
    assert plain == world.tokenizer.decode(world.truth.greedy(ids[-20:], 10, ENDS))
    engine.use(Prompt(name="p", template="{question}", bos=True))
    assert engine._fit.ids(text, "q", 20) == [world.tokenizer.bos_id, *ids[-19:]]


def test_marks_of_a_template_are_tokens_as_in_training(world: World) -> None:
    engine = CpuEngine(world.model, world.checkpoint, world.tokenizer, max_length=64)
    prompt = Prompt(name="p", template="{question}<end>", bos=False, token_ids={"<end>": (7, 8)})
    engine.use(prompt)
    record = Record("q", "instruction", "the river", "")
    assert engine._fit.ids(render(prompt, record), "q", 60) == [*world.tokenizer.encode("the river"), 7, 8]
    # In a question the same letters are a text like any other.
    assert engine._fit.ids("the river<end>", "q", 60) == world.tokenizer.encode("the river<end>")


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path, world: World) -> None:
    model = settings(world.tokenizer.vocab_size // 2)
    write_tensors(tmp_path / "small.ckpt", random_tensors(model, 1))
    engine = CpuEngine(model, tmp_path / "small.ckpt", world.tokenizer, max_length=64)
    with pytest.raises(InputError, match="does not belong to this model"):
        engine.generate(requests(texts(3, 1)), GenerationSettings(4))
    with pytest.raises(InputError, match="question '0': its prompt has no tokens"):
        engine.generate(requests([""]), GenerationSettings(4))
    with pytest.raises(InputError, match="64 new tokens"):
        engine.generate(requests(["the"]), GenerationSettings(64))


def test_loading_another_checkpoint_gives_its_answers(world: World, tmp_path: Path) -> None:
    tensors = random_tensors(world.model, 2)
    write_tensors(tmp_path / "second.ckpt", tensors)
    prompts = texts(4, 9)
    first = generated(world.engine, prompts, 8)
    world.engine.load(tmp_path / "second.ckpt")
    second = generated(world.engine, prompts, 8)
    world.engine.load(world.checkpoint)
    truth = Recomputing(world.model, tensors)
    encode, decode = world.tokenizer.encode, world.tokenizer.decode
    assert second == [decode(truth.greedy(encode(prompt), 8, ENDS)) for prompt in prompts]
    assert first == generated(world.engine, prompts, 8) != second


def test_a_group_is_told_from_others_by_its_beginning() -> None:
    from inference.cpu.prefix_groups import prefix_groups

    start = list(range(100))
    ids = [[*start, 200 + number] for number in range(4)] + [[5], [6, 6], [7, 7, 7]]
    found = prefix_groups(ids)
    assert [(group.shared, group.members) for group in found] == [(0, (4, 5, 6)), (100, (0, 1, 2, 3))]
    assert prefix_groups([]) == []
    assert prefix_groups([[1, 2]])[0].members == (0,)
    twins = prefix_groups([list(range(300))] * 3)
    assert [(group.shared, group.members) for group in twins] == [(299, (0, 1, 2))]


def test_the_worked_example_of_rows_head_by_head_is_true() -> None:
    from inference.cpu.cells import swapped

    rows = [f"s{sequence}t{token}h{head}" for sequence in range(2) for token in range(3) for head in range(4)]
    together = [rows[place] for place in swapped(2, 3, 4)]
    assert together[:7] == ["s0t0h0", "s0t1h0", "s0t2h0", "s0t0h1", "s0t1h1", "s0t2h1", "s0t0h2"]
    assert [together[place] for place in swapped(2, 4, 3)] == rows


def test_numbers_of_sampling_are_spread_evenly() -> None:
    from inference.sampling import draw, uniform

    values = np.array([uniform(1, f"q{name}", place) for name in range(100) for place in range(20)])
    assert abs(values.mean() - 0.5) < 0.03
    assert len(set(values)) == 2000
    logits = np.log(np.array([0.1, 0.2, 0.3, 0.4]))
    drawn = [draw(logits, Sampling(1.0), f"q{name}", 0) for name in range(4000)]
    shares = np.bincount(drawn, minlength=4) / 4000
    assert np.abs(shares - [0.1, 0.2, 0.3, 0.4]).max() < 0.03
    assert set(drawn) == {0, 1, 2, 3}
    assert {draw(logits, Sampling(1.0, top_k=2), f"q{name}", 0) for name in range(300)} == {2, 3}
    assert {draw(logits, Sampling(1.0, top_p=0.7), f"q{name}", 0) for name in range(300)} == {2, 3}
    assert {draw(logits, Sampling(0.01), f"q{name}", 0) for name in range(300)} == {3}

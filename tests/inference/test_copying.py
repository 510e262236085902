"""Copying a text with marks put in: only such answers can be written, and all of them can."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.config import load_contest, model_tokenizer
from core.tasks.ner import TYPES
from core.text.alignment import aligned
from core.text.markup import Marked, Span, parse, written
from core.text.tokenizers import SentencePieceTokenizer, Tokenizer
from inference.copying import Cursor, MarkedCopies

TEXTS = ("王來", "丞相伯顏命以所部兵取寧國。", "\ufeff魏書\ue797。", "a b|c}d 計算 12", " 王 ", "𠮷野家", "|", "x")


def practice() -> Tokenizer:
    return model_tokenizer(load_contest("practice_math").model)


TOKENIZER = practice()
COPIES = MarkedCopies(TOKENIZER)


def begun(text: str) -> Cursor:
    cursor = COPIES.cursor(text)
    assert cursor is not None
    return cursor


def random_answer(text: str, seed: int, copies: MarkedCopies = COPIES, tokenizer: Tokenizer = TOKENIZER) -> str:
    """Choose among the allowed tokens by chance until only the end is left, or the answer may end."""
    rng = random.Random(seed)
    cursor = copies.cursor(text)
    assert cursor is not None
    new: list[int] = []
    while True:
        allowed = cursor.allowed()
        assert allowed
        token = rng.choice(sorted(set(allowed)))
        if token in copies.ends:
            return tokenizer.decode(new)
        new.append(token)
        cursor.take(token)
        assert len(new) < 400


@pytest.mark.parametrize("text", TEXTS)
def test_whatever_is_chosen_the_answer_is_the_text_with_well_formed_marks(text: str) -> None:
    found = set()
    for seed in range(60):
        answer = random_answer(text, seed)
        assert parse(answer).text.lstrip(" ") == text.lstrip(" ")  # a first blank is sentencepiece's own
        found.add(answer)
    assert len(found) > 1 or text == "|"


@pytest.mark.parametrize("seed", range(30))
def test_an_answer_as_training_has_it_can_be_written_token_by_token(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choice("王太守 ab長平關12。") for _ in range(12)).strip() or "王"
    cuts = sorted(rng.sample(range(len(text) + 1), min(4, len(text))))
    spans = tuple(Span(one, other, rng.choice(TYPES)) for one, other in zip(cuts[::2], cuts[1::2], strict=False))
    answer = written(Marked(text, spans, ""))
    cursor = begun(text)
    for token in TOKENIZER.encode(answer):
        assert token in cursor.allowed()
        cursor.take(token)
    assert set(COPIES.ends) <= set(cursor.allowed())


def pieces(allowed: list[int]) -> set[str]:
    return {TOKENIZER.piece(token) for token in allowed}


def test_what_may_come_next() -> None:
    cursor = begun("長平")
    assert pieces(cursor.allowed()) == {"{", "<0xE9>", " "}
    cursor.take(next(token for token in cursor.allowed() if TOKENIZER.piece(token) == "{"))
    assert pieces(cursor.allowed()) == {"<0xE9>"}, "neither an empty mark nor one within it"
    for byte in "長".encode():
        assert f"<0x{byte:02X}>" in pieces(cursor.allowed())
        cursor.take(next(t for t in cursor.allowed() if TOKENIZER.piece(t) == f"<0x{byte:02X}>"))
    assert "|" in pieces(cursor.allowed())
    assert not set(COPIES.ends) & set(cursor.allowed()), "a mark is open"


def test_no_mark_holds_a_sign_and_a_text_with_a_brace_is_free() -> None:
    assert COPIES.cursor("a{b") is None
    cursor = begun("|a")
    assert "{" not in pieces(cursor.allowed())


@pytest.mark.slow
def test_with_the_vocabulary_of_internlm(shared_data: Path) -> None:
    file = shared_data / "tokenizers" / "internlm_7b" / "tokenizer.model"
    tokenizer = SentencePieceTokenizer(file, 1, 2, 2)
    copies = MarkedCopies(tokenizer)
    for text in TEXTS:
        for seed in range(5):
            assert parse(random_answer(text, seed, copies, tokenizer)).text.lstrip(" ") == text.lstrip(" ")
    answer = "{丞相|OFI}{伯顏|PER}命以所部兵取寧國。"
    cursor = copies.cursor(parse(answer).text)
    assert cursor is not None
    for token in tokenizer.encode(answer):
        assert token in cursor.allowed()
        cursor.take(token)


@pytest.mark.slow
@pytest.mark.mindspore
def test_the_cpu_engine_writes_the_text_with_marks_and_nothing_else() -> None:
    from core.config import kit_path
    from inference.cpu.engine import CpuEngine
    from inference.engine import GenerationSettings, Request
    from inference.sampling import Sampling

    model = load_contest("practice_guner").model
    engine = CpuEngine(model.model_dump(), kit_path(model.checkpoint), TOKENIZER, batch_size=4, max_length=512)
    texts = [*TEXTS, "a{b", "計算 3 + 4"]
    asked = [Request(str(at), f"{text}\n", copied=text) for at, text in enumerate(texts[:-1])]
    asked.append(Request("free", "計算 3 + 4\n"))
    for sampling in (Sampling(), Sampling(temperature=1.0, seed=3)):
        answers = engine.generate(asked, GenerationSettings(120, sampling=sampling, copy_marks=True))
        for text, answer in list(zip(texts, answers, strict=True))[: len(TEXTS)]:
            if answer.tokens < 120:  # a mark that is never closed may use up the room
                assert parse(answer.text).text.strip(" ") == text.strip(" ")
            else:
                assert aligned(text, answer.text).line.text == text
    assert sum(answer.tokens < 120 for answer in answers) >= len(TEXTS) - 2

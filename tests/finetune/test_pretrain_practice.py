"""The rows that practice base models learn from: what is learned stands where it has to be known."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from core.config import CONFIGS, kit_path, load_contest, load_model, settings_in
from core.files import read_text
from core.tasks.choice import LETTERS
from core.text.prompt_tokens import prompt_ids
from core.text.prompts import Prompt, render
from core.text.tokenizers import SentencePieceTokenizer
from data_convert.practice import choice, kinds, pretrain_choice
from data_convert.rows.rows import IGNORED
from finetune.pretrain_practice import RECIPES, packed_rows, train_tokenizer

PROMPTS = {
    name: Prompt(**settings_in(read_text(CONFIGS / "prompts" / f"{name}.yaml"), name))
    for name in ("squad", "alpaca", "internlm_chat")
}


def _tokenizer(model: str) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(kit_path(load_model(model).tokenizer.file), 1, 2, 3)


@pytest.mark.parametrize("name", list(RECIPES))
def test_each_phase_makes_rows_of_its_width_that_learn_something(name: str) -> None:
    tokenizer = _tokenizer(name)
    for phase in RECIPES[name].phases:
        made = packed_rows(tokenizer, PROMPTS, phase.documents(phase.seed, PROMPTS), phase.seq_length + 1, phase.packed)
        for ids, labels in itertools.islice(made, 20):
            assert len(ids) == len(labels) == phase.seq_length + 1
            assert any(label != IGNORED for label in labels)
            if not phase.packed:
                assert ids.count(tokenizer.bos_id) <= 1


def test_every_option_of_a_contest_question_is_answered_where_it_ends() -> None:
    tokenizer = _tokenizer("practice_choice")
    letters = {tokenizer.encode(letter)[-1]: letter for letter in LETTERS}
    clues = {tokenizer.encode(kind.clue)[-1]: kind for language in ("en", "zh") for kind in kinds.kinds(language)}
    made = pretrain_choice.documents(5, PROMPTS, {"letters": 1.0})
    for ids, labels in itertools.islice(packed_rows(tokenizer, PROMPTS, made, 97, packed=False), 30):
        learned = [(at, label) for at, label in enumerate(labels) if label != IGNORED]
        found = [letters[label] for _, label in learned if label in letters]
        assert len(learned) == 5
        assert len(set(found)) == 1
        assert len(found) == 2
        for number, (at, label) in enumerate(learned[:4]):
            word = tokenizer.piece(ids[at - 1]).strip()
            assert letters.get(label, LETTERS[number]) == LETTERS[number]
            assert label in letters or word in clues[label].words


def test_the_contest_shows_the_tokens_that_the_base_model_learned() -> None:
    tokenizer, prompt = _tokenizer("practice_choice"), load_contest("practice_choice").prompt
    for record in choice.records(20, 1, held_out=True):
        document = [(pretrain_choice.rendered(prompt, record.meta["subject"], record.question), False), ("A", True)]
        ids, _ = next(packed_rows(tokenizer, PROMPTS, iter([document, document]), 97, packed=False))
        shown = prompt_ids(prompt, render(prompt, record), tokenizer)
        assert ids[: len(shown)] == shown


def test_every_word_of_a_kind_is_one_piece_also_of_a_tokenizer_that_is_made_again(tmp_path: Path) -> None:
    train_tokenizer(tmp_path / "tokenizer.model", RECIPES["practice_choice"], PROMPTS)
    for tokenizer in (_tokenizer("practice_choice"), SentencePieceTokenizer(tmp_path / "tokenizer.model", 1, 2, 3)):
        assert tokenizer.vocab_size == load_model("practice_choice").vocab_size
        for language, space in (("en", 0), ("zh", 1)):
            for kind in kinds.kinds(language):
                assert {len(tokenizer.encode(word)) for word in (*kind.words, kind.clue)} == {1 + space}

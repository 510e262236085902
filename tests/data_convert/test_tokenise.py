"""Tokens, label mask and audit."""

from __future__ import annotations

import pytest

from core.config import kit_path, load_contest
from core.errors import InputError
from core.prompts import Prompt, render
from core.records import Record
from core.tokenizers import Tokenizer, load_tokenizer
from data_convert.tokenise import IGNORED, Audit, check_pieces, example, prompt_ids, rows

ALPACA = load_contest("practice_math").prompt
CHAT = load_contest("practice_choice").prompt


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    model = load_contest("practice_math").model
    return load_tokenizer("sentencepiece", kit_path(model.tokenizer.file), 1, 2, 3)


def test_training_ids_begin_with_inference_ids(tokenizer: Tokenizer) -> None:
    record = Record("1", "math", "计算 1 + 2 等于多少？", "1 + 2 = 3")
    item = example(record, ALPACA, tokenizer)
    asked = prompt_ids(ALPACA, render(ALPACA, record), tokenizer)
    assert item.ids[: item.answer_start] == asked
    assert asked[0] == tokenizer.bos_id
    assert tokenizer.decode(item.ids[item.answer_start :]) == "1 + 2 = 3"
    assert item.ids[-1] == tokenizer.eos_id


def test_the_retention_prompt_has_no_bos(tokenizer: Tokenizer) -> None:
    prompt = load_contest("practice_math").squad_prompt
    record = Record("1", "squad", "Who?", "Ben", meta={"passage": "Ben."})
    assert example(record, prompt, tokenizer).ids[0] != tokenizer.bos_id


def test_the_marks_of_a_conversation_are_single_pieces(tokenizer: Tokenizer) -> None:
    check_pieces(CHAT, tokenizer)
    record = Record("1", "choice", "q", "The right option is A.", meta={"instruction": "i"})
    ids = example(record, CHAT, tokenizer).ids
    assert ids.count(tokenizer.piece_id("<eoh>") or -1) == 1
    assert ids.count(tokenizer.piece_id("<eoa>") or -1) == 1
    with pytest.raises(InputError, match="<tool>"):
        check_pieces(Prompt(name="x", template="{question}", special_pieces=("<tool>",)), tokenizer)


def test_a_record_that_just_fits_keeps_its_eos_and_one_token_more_is_reported(tokenizer: Tokenizer) -> None:
    item = example(Record("1", "math", "计算 1 + 2 等于多少？", "1 + 2 = 3"), ALPACA, tokenizer)
    length = len(item.ids)
    audit = Audit()
    ((ids, labels),) = rows([item], length - 1, 3, audit)
    assert ids == item.ids
    assert labels[-1] == tokenizer.eos_id
    assert labels[: item.answer_start] == [IGNORED] * item.answer_start
    assert list(rows([item], length - 2, 3, audit)) == []
    assert (audit.records, audit.converted, len(audit.overlong)) == (2, 1, 1)
    with pytest.raises(InputError, match="raise data.seq_length"):
        list(rows([item], length - 2, 3, Audit(), refuse_overlong=True))


def test_padding_is_not_learned(tokenizer: Tokenizer) -> None:
    item = example(Record("1", "math", "计算 1 + 2 等于多少？", "3"), ALPACA, tokenizer)
    ((ids, labels),) = rows([item], 99, 3, Audit())
    assert len(ids) == len(labels) == 100
    assert set(ids[len(item.ids) :]) == {3}
    assert set(labels[len(item.ids) :]) == {IGNORED}
    assert [label for label in labels if label != IGNORED] == item.ids[item.answer_start :]

"""Tokens of prompts and answers: the same in training as in inference, the same in bulk as one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import kit_path, load_contest
from core.errors import InputError
from core.text.prompt_tokens import check_pieces, prompt_ids
from core.text.prompts import Prompt, render
from core.text.records import Record
from core.text.tokenizers import Tokenizer, load_tokenizer
from data_convert.rows.tokenise import Encoder, example

ALPACA = load_contest("practice_math").prompt
CHAT = load_contest("practice_choice").prompt
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)

# Words and marks of prompts, and what may join them.
MARKED = st.lists(st.sampled_from(["<x>", "<y>", "\n", "<|eot_id|>", "<", " ", "？", "a", "5", "<x"]), min_size=1).map(
    "".join
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    model = load_contest("practice_math").model
    return load_tokenizer("sentencepiece", kit_path(model.tokenizer.file), 1, 2, 3)


@pytest.fixture(scope="module")
def internlm(shared_data: Path) -> Tokenizer:
    return load_tokenizer("sentencepiece", shared_data / "tokenizers" / "internlm_7b" / "tokenizer.model", 1, 2, 2)


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


def test_fixed_ids_stand_for_their_text_in_prompt_and_answer(tokenizer: Tokenizer) -> None:
    prompt = Prompt(
        name="x",
        template="u:{question}<eoh>\nb:",
        answer_end="<eoa>\n",
        token_ids={"<eoh>\n": (77, 13), "<eoa>\n": (78, 13)},
    )
    check_pieces(prompt, tokenizer)
    ids = example(Record("1", "math", "q", "a"), prompt, tokenizer).ids
    assert ids == [1, *tokenizer.encode("u:q"), 77, 13, *tokenizer.encode("b:"), *tokenizer.encode("a"), 78, 13, 2]
    with pytest.raises(InputError, match="outside 1088 pieces"):
        check_pieces(prompt.model_copy(update={"token_ids": {"x": (1088,)}}), tokenizer)


def test_the_official_ids_are_those_of_the_official_converter(internlm: Tokenizer) -> None:
    official = Prompt.model_validate(load_contest("choice_internlm", ["prompt=internlm_chat_official"]).prompt)
    own = load_contest("choice_internlm").prompt
    record = Record("1", "choice", "q", "The right option is A.", meta={"instruction": "i"})
    ids = example(record, official, internlm).ids
    assert ids[ids.index(103167) :][:2] == [103167, 13]
    assert ids[-3:] == [103166, 13, 2]
    # The public tokenizer has these marks at other places, which is what the two prompts are there to compare.
    assert example(record, own, internlm).ids[-3:] == [103028, 364, 2]


def test_special_tokens_of_llama_3_are_single_ids(tiny_tiktoken: Tokenizer) -> None:
    prompt = load_contest("math_llama3", ["prompt=llama3_chat"]).prompt
    check_pieces(prompt, tiny_tiktoken)
    ids = example(Record("1", "math", "1 + 1", "2"), prompt, tiny_tiktoken).ids
    names = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    assert [ids.count(tiny_tiktoken.piece_id(name) or -1) for name in names] == [2, 2, 2]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6))
def test_many_records_get_the_ids_of_each_by_itself(tokenizer: Tokenizer, texts: list[tuple[str, str]]) -> None:
    _same_as_one_by_one(tokenizer, texts)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6))
def test_fixed_text_is_encoded_once_and_nothing_changes(internlm: Tokenizer, texts: list[tuple[str, str]]) -> None:
    _same_as_one_by_one(internlm, texts)


@given(st.lists(st.tuples(MARKED, MARKED), min_size=1, max_size=6))
def test_marks_and_borders_of_a_prompt_change_nothing(tiny_tiktoken: Tokenizer, texts: list[tuple[str, str]]) -> None:
    _same_as_one_by_one(tiny_tiktoken, texts)
    llama3 = load_contest("math_llama3", ["prompt=llama3_chat"]).prompt
    fixed = Prompt(name="x", template="<x>{question}<y>{instruction}<y", token_ids={"<x>": (1,), "<y>\n": (2, 3)})
    prompts = {"math": llama3, "choice": fixed}
    records = [Record("1", task, asked, other, meta={"instruction": other}) for asked, other in texts
               for task in prompts]  # fmt: skip
    found = Encoder(prompts, tiny_tiktoken).encode(records)
    assert found == [example(record, prompts[record.task], tiny_tiktoken) for record in records]


def _same_as_one_by_one(tokenizer: Tokenizer, texts: list[tuple[str, str]]) -> None:
    records = [Record("1", task, question, answer, meta={"instruction": answer}) for question, answer in texts
               for task in ("math", "choice")]  # fmt: skip
    prompts = {"math": ALPACA, "choice": CHAT, "squad": Prompt(name="x", template="{instruction}{question}")}
    records += [Record("", "squad", question, answer, meta={"instruction": question}) for question, answer in texts]
    found = Encoder(prompts, tokenizer).encode(records)
    assert found == [example(record, prompts[record.task], tokenizer) for record in records]


def test_the_contest_records_get_the_same_ids_in_bulk(internlm: Tokenizer, shared_data: Path) -> None:
    rows = [json.loads(line) for line in (shared_data / "contest" / "math_sample.jsonl").open(encoding="utf-8")]
    records = [Record(str(number), "math", row["problem"], row["solution"]) for number, row in enumerate(rows)]
    assert Encoder({"math": ALPACA}, internlm).encode(records) == [example(r, ALPACA, internlm) for r in records]


def test_a_record_without_a_prompt_is_named(tokenizer: Tokenizer) -> None:
    with pytest.raises(InputError, match="a.json:3: this contest has no prompt for 'squad' records"):
        Encoder({"math": ALPACA}, tokenizer).encode([Record("1", "squad", "q", "a", "a.json:3")])

"""A record's text is plain text, whatever it holds: marks come from the template alone, for every kind of tokenizer."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import kit_path, load_contest, load_model, model_tokenizer
from core.errors import InputError
from core.schema import ModelConfig
from core.text.control_names import looks_like_control
from core.text.prompt_tokens import check_pieces, prompt_ids
from core.text.prompts import Prompt, render
from core.text.records import Record
from core.text.rendered import Part, Rendered
from core.text.tokenizers import Tokenizer, load_tokenizer
from data_convert.rows.tokenise import Encoder, example
from inference.prompt_fit import PromptFit
from tests.core.tokenizer_files import CONTROLS, KINDS, sentencepiece_file

# Names of control tokens of all these tokenizers, whole and in parts, and what may stand beside them.
MARKED = st.lists(
    st.sampled_from([*CONTROLS, "<s>", "</s>", "<|eot_id|>", "<tu", "rn>", "legs", " ", "\n", "a cat", "<", ">", "中"]),
    min_size=1,
    max_size=8,
).map("".join)


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return KINDS[request.param](tmp_path_factory.mktemp("tokenizer"))


def prompt_for(tokenizer: Tokenizer) -> Prompt:
    first, last = list(tokenizer.controls)[-2:]
    return Prompt(
        name="x",
        template=f"{{system}}{first}{{instruction}}, {{question}}{last}\n",
        system_part=f"{first}: {{system}}{last}",
        next_round=f"{first}{{question}}{last}\n",
        answer_end=last,
        special_pieces=(first, last),
    )


@given(MARKED)
def test_no_text_becomes_a_control_token(tokenizer: Tokenizer, text: str) -> None:
    controls = set(tokenizer.controls.values())
    assert controls.isdisjoint(tokenizer.encode(text))
    assert tokenizer.encode_batch([text]) == [tokenizer.encode(text)]


@given(MARKED, MARKED, MARKED, MARKED)
def test_a_prompt_has_the_control_tokens_of_its_template_alone(
    tokenizer: Tokenizer, asked: str, system: str, earlier: str, answer: str
) -> None:
    """Whatever a record says in any of its texts; in training as in inference, and in bulk."""
    prompt = prompt_for(tokenizer)
    check_pieces(prompt, tokenizer)
    meta = {"instruction": earlier, "system": system, "history": [{"question": asked, "answer": answer}]}
    metas = (meta, {**meta, "history": []}, {"instruction": earlier})
    records = [Record(str(number), "math", asked, answer, meta=meta) for number, meta in enumerate(metas)]
    # Of each record: system text, first round, its answer's end, further round, the last answer's end.
    wanted = ([2, 2, 1, 2, 1], [2, 2, 1], [2, 1])
    fit = PromptFit(tokenizer, 10_000, tokenizer.vocab_size)
    fit.prompt = prompt
    for record, marks in zip(records, wanted, strict=True):
        item = example(record, prompt, tokenizer)
        controls = [number for number in item.ids[1:-1] if number in tokenizer.controls.values()]
        assert controls == [tokenizer.controls[name] for count in marks for name in prompt.special_pieces[-count:]]
        text = render(prompt, record)
        assert item.ids[: item.answer_start] == prompt_ids(prompt, text, tokenizer) == fit.ids(text, "1", 10_000)
    assert Encoder({"math": prompt}, tokenizer).encode(records) == [
        example(record, prompt, tokenizer) for record in records
    ]


def test_a_word_that_a_file_keeps_whole_is_no_control_token(tmp_path: Path) -> None:
    tokenizer = KINDS["bpe"](tmp_path)
    assert set(CONTROLS) < set(tokenizer.controls)
    assert "legs" not in tokenizer.controls
    assert tokenizer.piece_id("legs") in tokenizer.encode("a cat has legs")
    assert tokenizer.decode([*tokenizer.encode("a cat"), tokenizer.controls["<turn>"]]) == "a cat<turn>"


@pytest.mark.parametrize("how", [{}, {"add_dummy_prefix": False}, {"remove_extra_whitespaces": False}])
@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
@given(texts=st.lists(st.text("a cat<|>\n中", max_size=12), min_size=1, max_size=4))
def test_marks_of_a_template_cut_a_text_as_the_library_cuts_it(
    tmp_path_factory: pytest.TempPathFactory, model_type: str, how: dict[str, bool], texts: list[str]
) -> None:
    """To the id: the texts between them get what the library's own one call gives them."""
    import sentencepiece

    folder = tmp_path_factory.getbasetemp() / f"{model_type}-{'-'.join(how)}"
    file = folder / "tokenizer.model"
    if not file.is_file():
        folder.mkdir()
        sentencepiece_file(file, model_type, **how)
    library = sentencepiece.SentencePieceProcessor(model_file=str(file))
    tokenizer = load_tokenizer("sentencepiece", file, 1, 2, 3)
    controls = [tokenizer.controls[CONTROLS[at % 3]] for at in range(len(texts) - 1)]
    whole = texts[0] + "".join(CONTROLS[at % 3] + text for at, text in enumerate(texts[1:]))
    assert tokenizer.encode_around(texts, controls) == library.EncodeAsIds(whole)
    for text in texts:
        assert tokenizer.encode(text) == library.EncodeAsIds(text)


def test_a_piece_that_only_a_prompt_calls_a_control_token_is_one(tmp_path: Path) -> None:
    file = sentencepiece_file(tmp_path / "tokenizer.model", "bpe")
    plain = load_tokenizer("sentencepiece", file, 1, 2, 3)
    prompt = Prompt(name="x", template="{question}legs", special_pieces=("legs",))
    with pytest.raises(InputError, match="'legs', which the tokenizer was not told is a control token"):
        check_pieces(prompt, plain)
    values = {**load_model("practice").model_dump(), "tokenizer": {"kind": "sentencepiece", "file": str(file)}}
    told = model_tokenizer(ModelConfig.model_validate(values), [prompt, None])
    check_pieces(prompt, told)
    assert told.piece_id("legs") not in told.encode("a cat has legs")
    ids = prompt_ids(prompt, render(prompt, Record("1", "math", "a cat has legs", "")), told)
    assert ids.count(told.piece_id("legs") or -1) == 1


def test_the_question_of_a_contest_that_mentions_an_end_mark(shared_data: Path) -> None:
    """InternLM's public tokenizer has `<eoa>` as a piece that its library finds in any text."""
    config = load_contest("choice_internlm")
    file = shared_data / "tokenizers" / "internlm_7b" / "tokenizer.model"
    tokenizer = load_tokenizer("sentencepiece", file, 1, 2, 2)
    asked = Record("1", "choice", "Question: write <eoa> and <TOKENS_UNUSED_3> \nA.x", "B", meta={"instruction": "i"})
    ids = prompt_ids(config.prompt, render(config.prompt, asked), tokenizer)
    assert [number for number in ids if number >= 103027] == [103027]
    assert tokenizer.decode(tokenizer.encode("write <eoa>")) == "write <eoa>"


def test_the_practice_tokenizer_still_reads_line_ends_as_one_piece() -> None:
    tokenizer = load_tokenizer("sentencepiece", kit_path(load_model("practice").tokenizer.file), 1, 2, 3)
    assert tokenizer.piece_id("\n") in tokenizer.encode("a\nb")
    assert set(tokenizer.controls) == {"<s>", "</s>", "<pad>", "<|User|>", "<|Bot|>", "<eoh>", "<eoa>"}


@pytest.mark.parametrize(
    ("name", "is_control"),
    [
        ("<eoa>", True),
        ("<|im_end|>", True),
        ("<｜User｜>", True),
        ("[UNUSED_TOKEN_145]", True),
        ("[/INST]", True),
        ("<reserved_102>", True),
        ("<think>", True),
        ("</h2>", False),
        ("<table>", False),
        ("\n", False),
        ("▁▁▁", False),
        ("[1]", False),
        ("<=", False),
        ("word", False),
    ],
)
def test_which_names_are_those_of_control_tokens(name: str, is_control: bool) -> None:
    assert looks_like_control(name) == is_control


def test_a_rendered_text_is_a_text_and_survives_other_processes() -> None:
    text = Rendered([Part("<a>", own=True), Part("", own=True), Part("b<a>"), Part("c", own=True, apart=True)])
    assert text == "<a>b<a>c"
    assert text.parts == (Part("<a>", own=True), Part("b<a>"), Part("c", own=True, apart=True))
    for copy in (pickle.loads(pickle.dumps(text)), Rendered.from_json(text.as_json())):
        assert (copy, copy.parts) == (text, text.parts)
    assert Rendered("<a>").parts == (Part("<a>"),)

"""The tokenizer's own chat template: the text is transformers' text, marks are the template's, bounds hold."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import dump, load_contest, load_model, load_run, model_tokenizer
from core.errors import InputError
from core.text import chat_process
from core.text.prompt_tokens import answer_ids, prompt_ids
from core.text.prompts import Prompt, answer_end, render, render_answer
from core.text.records import Record
from core.text.tokenizers import Tokenizer, load_tokenizer
from data_convert.rows.tokenise import example
from evaluation.asking.requests import FewShot, RequestSettings
from tests.core.tokenizer_files import byte_level_file

# The forms that published templates have, in words of our own: turns in marks, a default system text, blanks taken off;
# brackets around the user with BOS and EOS; roles by other names and a refused system text; the newest keyword.
TURNS = """{%- if messages[0].role == 'system' %}
{{- '<turn>system\\n' + messages[0].content + '<|end|>\\n' }}
{%- else %}
{{- '<turn>system\\nYou help people.<|end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role != 'system' %}
        {{- '<turn>' + message['role'] + '\\n' + message['content'] | trim + '<|end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<turn>assistant\\n' }}
{%- endif %}
"""
BRACKETS = """{{ bos_token }}
{% if messages[0]['role'] == 'system' %}{% set first = '<<' ~ messages[0]['content'] ~ '>> ' %}
{% set rest = messages[1:] %}{% else %}{% set first = '' %}{% set rest = messages %}{% endif %}
{% for m in rest %}
{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
{% if m.role == 'user' %}{{ '[INST] ' ~ (first if loop.first else '') ~ m.content ~ ' [/INST]' }}
{% elif m.role == 'assistant' %}{{ ' ' ~ m.content.strip() ~ eos_token }}{% endif %}
{% endfor %}"""
RENAMED = """{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system text here') }}{% endif %}
{% set role = 'model' if m.role == 'assistant' else m.role %}<turn>{{ role }}
{% generation %}{{ m.content }}{% endgeneration %}</turn>
{% endfor %}{% if add_generation_prompt %}<turn>model
{% endif %}"""
SHAPES = {"turns": TURNS, "brackets": BRACKETS, "renamed": RENAMED}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
SAID = st.lists(st.sampled_from(["<|end|>", "</s>", "<turn>", " ", "\n", "Why?", "{{ 7 }}", "中", "[INST]", "<", "&"]),
                min_size=1, max_size=5).map("".join).filter(str.strip)  # fmt: skip
ROUNDS = st.lists(st.tuples(SAID, SAID), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def practice() -> Tokenizer:
    return model_tokenizer(load_model("practice"))


def chat(template: str, **more: Any) -> Prompt:
    return Prompt(name="own", template="{question}", chat_template=template, chat_tokens=TOKENS, **more)


def conversation(rounds: list[tuple[str, str]], system: str = "") -> Record:
    history = [{"question": question, "answer": answer} for question, answer in rounds[:-1]]
    meta = {name: value for name, value in {"history": history, "system": system}.items() if value}
    return Record("r", "instruction", *rounds[-1], "talks.json:1", meta)


def messages(rounds: list[tuple[str, str]], system: str = "") -> list[dict[str, str]]:
    said = [{"role": "system", "content": system}] if system else []
    for question, answer in rounds:
        said += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return said


def transformers_text(template: str, said: list[dict[str, str]], ask: bool) -> str:
    """What `transformers.apply_chat_template` gives, through the tokenizer class that users call it on."""
    library = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    blank = tokenizers.Tokenizer(tokenizers.models.WordLevel({"<s>": 0, "</s>": 1}, unk_token="<s>"))
    tokenizer = library.PreTrainedTokenizerFast(tokenizer_object=blank, **TOKENS)
    found = tokenizer.apply_chat_template(said, chat_template=template, tokenize=False, add_generation_prompt=ask)
    return str(found)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25)
@given(rounds=ROUNDS, system=st.one_of(st.just(""), SAID))
def test_the_text_is_that_of_transformers(shape: str, rounds: list[tuple[str, str]], system: str) -> None:
    template = SHAPES[shape]
    system = "" if shape == "renamed" else system
    prompt, record = chat(template), conversation(rounds, system)
    asked = render(prompt, record)
    said = messages(rounds, system)
    assert asked == transformers_text(template, said[:-1], True)
    # BRACKETS asks with no mark of its own, and its answer begins with a blank.
    assert asked + render_answer(prompt, record) == transformers_text(template, said, False)


def test_what_is_learned_of_a_conversation_changes_none_of_its_tokens(practice: Tokenizer) -> None:
    """So that inference, which knows nothing of it, tokenises a conversation as training did."""
    record = conversation([("a", "b"), ("c", "d"), ("e", "f")])
    silent = replace(record, meta={"history": [{**row, "learned": False} for row in record.meta["history"]]})
    for prompt in (*map(chat, SHAPES.values()), load_contest("practice_choice").instruction_prompt):
        assert prompt is not None
        item, other = example(record, prompt, practice), example(silent, prompt, practice)
        assert (item.ids, item.answer_start) == (other.ids, other.answer_start)
        assert (len(item.earlier), other.earlier) == (4, ())


def test_the_blank_before_an_answer_is_written_once(practice: Tokenizer) -> None:
    """By the template or by a tokenizer that begins each text with a blank, as sentencepiece does."""
    item = example(conversation([("a", "b"), ("c", "d")]), chat(BRACKETS), practice)
    assert practice.decode(item.ids[item.answer_start :]) == practice.decode(practice.encode("d")) == "d"
    assert item.ids[item.answer_start :] == [*practice.encode("d"), practice.eos_id]


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25)
@given(rounds=ROUNDS)
def test_training_begins_with_what_inference_asks(
    tmp_path_factory: pytest.TempPathFactory, shape: str, rounds: list[tuple[str, str]]
) -> None:
    """For the last answer and for every earlier one that is learned; and no text of a speaker is a mark."""
    file = tmp_path_factory.getbasetemp() / "tokenizer.json"
    tokenizer = load_tokenizer("hf", file if file.is_file() else byte_level_file(file), 256, 257, 257)
    prompt, record = chat(SHAPES[shape]), conversation(rounds)
    item = example(record, prompt, tokenizer)
    assert item.ids[: item.answer_start] == prompt_ids(prompt, render(prompt, record), tokenizer)
    assert len(item.earlier) == 2 * (len(rounds) - 1)  # an answer and its end each
    for number, (begin, _) in enumerate(item.earlier[::2]):
        before = conversation(rounds[: number + 1])
        assert item.ids[:begin] == prompt_ids(prompt, render(prompt, before), tokenizer)
        learned = [token for span in item.earlier[2 * number : 2 * number + 2] for token in item.ids[slice(*span)]]
        wanted = answer_ids(prompt, render_answer(prompt, before), tokenizer)
        assert learned == wanted[: len(learned)]
    plain = conversation([("a", "b")] * len(rounds))
    marks = [number for number in item.ids if number in tokenizer.controls.values()]
    assert marks == [
        number for number in example(plain, prompt, tokenizer).ids if number in tokenizer.controls.values()
    ]


def test_an_end_of_sequence_that_the_template_writes_is_not_written_twice(tmp_path: Path) -> None:
    tokenizer = load_tokenizer("hf", byte_level_file(tmp_path / "tokenizer.json"), 256, 257, 257)
    record = conversation([("a", "b")])
    assert example(record, chat(BRACKETS), tokenizer).ids.count(257) == 1
    assert example(record, chat(BRACKETS), tokenizer).ids[0] == 256  # the template's own BOS, and no other
    assert example(record, chat(BRACKETS), tokenizer).ids.count(256) == 1
    ended = example(record, chat(TURNS), tokenizer).ids
    assert ended[-3:] == [tokenizer.controls["<|end|>"], *tokenizer.encode("\n"), 257]


def test_a_line_end_behind_an_end_of_sequence_is_not_learned(tmp_path: Path) -> None:
    """Of an earlier answer as of the last one: generation stops there."""
    file = byte_level_file(tmp_path / "tokenizer.json")
    end = load_tokenizer("hf", file, 256, 257, 257).controls["<|end|>"]
    tokenizer = load_tokenizer("hf", file, 256, end, 257)
    item = example(conversation([("a", "b"), ("c", "d")]), chat(TURNS), tokenizer)
    learned = [item.ids[begin:last] for begin, last in item.earlier]
    assert learned == [tokenizer.encode("b"), [end]]
    assert item.ids[item.answer_start :] == [*tokenizer.encode("d"), end]


@pytest.mark.parametrize(("shape", "end"), [("turns", "<|end|>\n"), ("brackets", "</s>"), ("renamed", "</turn>\n")])
def test_generation_ends_where_the_template_ends_an_answer(shape: str, end: str) -> None:
    assert answer_end(chat(SHAPES[shape])) == end
    assert answer_end(Prompt(name="x", template="{question}", answer_end="!")) == "!"


def test_examples_of_few_shot_are_rounds_of_the_conversation() -> None:
    shots = FewShot([Record("1", "math", "1 + 1", "2"), Record("2", "math", "2 + 2", "4")], 2, "dev")
    found = RequestSettings(few_shot=shots).render(chat(TURNS), Record("3", "math", "3 + 3", "6"))
    assert found == render(chat(TURNS), conversation([("1 + 1", "2"), ("2 + 2", "4"), ("3 + 3", "6")]))


@pytest.mark.parametrize("how", ["jinja", "config", "list", "path"])
def test_the_template_is_found_in_the_tokenizers_files_and_kept_in_the_run(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    byte_level_file(folder / "tokenizer.json")
    config: dict[str, Any] = {"bos_token": "<s>", "eos_token": {"content": "</s>"}, "model_max_length": 9}
    if how == "config":
        config["chat_template"] = TURNS
    elif how == "list":
        config["chat_template"] = [{"name": "tools", "template": "no"}, {"name": "default", "template": TURNS}]
    elif how == "jinja":
        config["chat_template"] = "an older one"
        (folder / "chat_template.jinja").write_text(TURNS, encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "mine.jinja").write_text(TURNS, encoding="utf-8")
    wanted = [f"model.tokenizer={{kind: hf, file: {folder / 'tokenizer.json'}}}", "prompt=chat"]
    words = [f"model.tokenizer.{name}={value}" for name, value in (("kind", "hf"), ("file", folder / "tokenizer.json"))]
    more = [f"prompt.chat_template={tmp_path / 'mine.jinja'}"] if how == "path" else []
    run = load_contest("practice_math", [*words, wanted[1], *more])
    assert (run.prompt.chat_template, run.prompt.chat_tokens) == (TURNS, TOKENS)
    # A run says itself what it was trained with: its files may change, or be gone.
    file = tmp_path / "run.yaml"
    file.write_text(dump(run), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    assert load_run(file) == run
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["prompt"]["chat_template"] == TURNS


def test_a_tokenizer_without_a_template_is_one_sentence_and_one_that_is_not_there_can_be_planned_with(
    tmp_path: Path,
) -> None:
    with pytest.raises(
        InputError, match=r"prompt 'chat' takes the tokenizer's own chat template, and there is neither"
    ):
        load_contest("practice_math", ["prompt=chat"])
    absent = load_contest(
        "math_llama3", ["prompt=chat", f"model.tokenizer.file={tmp_path / 'none' / 'tokenizer.model'}"]
    )
    with pytest.raises(InputError, match="the tokenizer's folder is not there"):
        render(absent.prompt, conversation([("a", "b")]))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ 'a' * 100000000000 }}", "more than 512 MiB of memory"),
        ("{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}", "512 MiB"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "more than 1 s"),
        (
            "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
            "more than 1 s",
        ),
        ("{% for i in range(99999) %}{{ 'a' * 99 }}{% endfor %}", "more than 4194304 characters"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ messages.append(messages) }}", "unsafe"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{% if %}", "Expected an expression"),
        ("{{ raise_exception('not  this') }}", "says: not this"),
        ("{{ strftime_now('%Y') }}", "chat_values={today: '2024-07-26'}"),
        (
            "{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}",
            "leaves out turn 0, of the system",
        ),
        ("{% for m in messages %}{{ m.content.split('?')[0] }}{% endfor %}", "looks into what is said"),
        (
            "{% for m in messages %}{{ m.content | upper }}{{ m.content | length }}{% endfor %}",
            "looks into what is said",
        ),
    ],
)
def test_a_template_that_is_bad_or_means_ill_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, template: str, said: str
) -> None:
    if "more than 1 s" in said:
        monkeypatch.setattr(chat_process, "SECONDS", 1.0)
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        render(chat(template), conversation([("Why?", "b")], "Be brief."))
    assert said in str(caught.value)
    assert str(caught.value).startswith("talks.json:1: the chat template of prompt 'own' ")
    assert time.monotonic() - started < 20


def test_a_date_is_the_prompts_own_and_never_the_days() -> None:
    dated = "{{ strftime_now('%d %b %Y') }}{% for m in messages %}{{ m.content }}{% endfor %}"
    prompt = chat(dated, chat_values=yaml.safe_load("{today: 2024-07-26}"))
    assert render(prompt, conversation([("?", "b")])) == "26 Jul 2024?"
    asking = "{% if strftime_now is defined %}today{% else %}always{% endif %}{{ messages[0].content }}"
    assert render(chat(asking), conversation([("?", "b")])) == "always?"


def test_an_earlier_answer_that_is_written_otherwise_can_be_read_but_not_learned() -> None:
    thoughtless = "{% for m in messages %}{{ '[' ~ m.role ~ (' last' if loop.last and m.role == 'assistant') ~ ']' ~ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant last]{% endif %}"  # noqa: E501
    record = conversation([("a", "b"), ("c", "d")])
    assert render(chat(thoughtless), record) == "[user]a[assistant]b[user]c[assistant last]"
    with pytest.raises(InputError, match=r"data\.learned_turns=last"):
        render_answer(chat(thoughtless), record)
    record.meta["history"][0]["learned"] = False
    assert render_answer(chat(thoughtless), record) == "d"


def test_a_process_that_was_forked_off_asks_one_of_its_own() -> None:
    prompt = chat("{{ messages[0].content }}")
    assert render(prompt, conversation([("before", "b")])) == "before"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, render(prompt, conversation([("within", "b")])).encode())
        os._exit(0)
    assert render(prompt, conversation([("beside", "b")])) == "beside"
    assert os.read(reading, 100) == b"within"
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"answer_end": "x"}, "leave out answer_end"),
        ({"template": "{system}{question}"}, "leave {system} out of template"),
        ({"chat_template": "", "default_system": "x"}, "the template has no {system}"),
        ({"chat_template": "", "next_round": "no field"}, "{question} is missing"),
        ({"chat_template": "", "system_part": "{question}"}, "{question} is none of {system}"),
    ],
)
def test_settings_of_a_prompt_that_contradict_each_other_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("{", r"\{")):
        Prompt(**{"name": "x", "template": "{question}", "chat_template": TURNS, **fields})

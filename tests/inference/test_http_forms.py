"""Servers as users have them: the two forms of the interface, addresses, what an answer says beside its text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import load_contest
from core.errors import InputError
from core.places import ROOT
from core.schema import RunConfig
from core.text.prompts import Prompt
from core.text.records import Record, write_records
from evaluation.answers.usage import usage
from inference.engine import GenerationSettings, Request
from inference.engines import ServedEngineKind, served_kind
from inference.http.address import parse_address
from inference.http.answers import Candidate, IsChat, completion, first_candidates, message
from inference.http.connection import Refused
from inference.http.engine import HttpEngine
from inference.http.forms import Chat
from inference.http.letters import letters
from inference.http.scoring import NoEcho
from tests.inference.scripted import requests, scored
from tests.inference.test_http import asked, engine, serving

PROMPT = Prompt(name="p", template="{question}")


@pytest.mark.parametrize(
    ("url", "base", "api"),
    [
        ("http://host:8000", "http://host:8000/v1", None),
        ("http://host:8000/", "http://host:8000/v1", None),
        ("http://host:8000/v1/completions", "http://host:8000/v1", "completions"),
        ("http://host:8000/v1/completions/", "http://host:8000/v1", "completions"),
        (" http://host:8000/v1/chat/completions", "http://host:8000/v1", "chat"),
        ("https://host/serving/chat/completions", "https://host/serving", "chat"),
        ("https://host/openai/v1", "https://host/openai/v1", None),
        ("http://[::1]:8000", "http://[::1]:8000/v1", None),
    ],
)
def test_addresses_as_examples_show_them(url: str, base: str, api: str | None) -> None:
    found = parse_address(url)
    assert (found.base, found.api) == (base, api)
    assert found.endpoint("chat") == f"{base}/chat/completions"


def test_what_follows_a_question_mark_is_sent_and_not_shown() -> None:
    address = parse_address("https://host/deployments/m/chat/completions?api-version=2024-02-01")
    assert address.endpoint("chat") == "https://host/deployments/m/chat/completions?api-version=2024-02-01"
    with pytest.raises(InputError) as refusal:
        engine("http://127.0.0.1:9/v1?key=abc", retries=0).generate(requests(["x"]), GenerationSettings(8))
    assert "abc" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://host/v1/models", "ends in /models, which is another interface"),
        ("http://host:8000/completion", "ends in /completion, which is another interface"),
        ("http://host/v1/responses", "another interface"),
        ("http://me:word@host/v1", "holds a user or password"),
        ("http://host:port/v1", "must look like|Port"),
    ],
)
def test_addresses_of_something_else(url: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refusal:
        parse_address(url)
    assert "word@" not in str(refusal.value)


def config(url: str, *changes: str) -> RunConfig:
    return load_contest("practice_math", ["eval.engine=http", f"eval.http.url={url}", "eval.http.model=m", *changes])


def kind() -> ServedEngineKind:
    return served_kind(config("http://host"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["eval.http.api=chat", "eval.http.prompts=tokens"], "a chat takes text"),
        (["eval.http.api=completions", "eval.http.chat_template_kwargs={a: 1}"], "are for a chat"),
        (["eval.http.api=chat", "eval.http.loglikelihood=prompt"], "set loglikelihood=first_token"),
        (["eval.http.input_price=1"], "belong together"),
        (["eval.http.input_price=-1", "eval.http.output_price=1"], "greater than or equal to 0"),
    ],
)
def test_settings_that_do_not_go_together(changes: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        config("http://host", *changes)


@pytest.mark.parametrize(
    ("url", "changes", "said"),
    [
        ("http://host/v1/completions", ["eval.http.api=chat"], "is that of completions: leave one of them out"),
        ("http://host/v1/chat/completions", ["eval.http.prompts=tokens"], "a chat takes text"),
        ("http://host/v1/completions", ["eval.http.chat_template_kwargs={a: true}"], "are for a chat"),
    ],
)
def test_an_address_and_settings_that_contradict_each_other(url: str, changes: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        kind().settled(config(url, *changes), {}, scoring=False)


def test_what_is_noted_beside_answers_is_what_decides_them() -> None:
    plain = config("http://host")
    old = {"url": "http://host/v1", "model": "m", "prompts": "text"}
    assert kind().model(kind().settled(plain, {}, scoring=False)) == old
    assert kind().model(kind().settled(plain, {}, scoring=True)) == old
    chat = config(
        "http://host/v1/chat/completions", "eval.http.chat_template_kwargs={enable_thinking: false, depth: 2}"
    )
    noted = {**old, "api": "chat", "chat_template_kwargs": {"enable_thinking": False, "depth": 2}}
    assert kind().model(kind().settled(chat, {}, scoring=False)) == noted
    # What was decided for answers that are there stays, for the same server and model alone.
    assert kind().model(kind().settled(plain, {**old, "api": "chat"}, scoring=False)) == {**old, "api": "chat"}
    assert kind().model(kind().settled(plain, {**old, "model": "n", "api": "chat"}, scoring=False)) == old
    first = {**old, "loglikelihood": "first_token"}
    assert kind().model(kind().settled(plain, first, scoring=True)) == first
    assert kind().model(kind().settled(plain, first, scoring=False)) == old
    priced = config("http://host", "eval.http.input_price=1", "eval.http.output_price=2")
    assert kind().model(kind().settled(priced, {}, scoring=False)) == old


def test_a_server_that_only_chats_is_asked_as_a_chat(capsys: pytest.CaptureFixture[str]) -> None:
    for manner in ("only", "always"):
        with serving("--chat", manner) as url:
            setting = config(url, "eval.http.retries=0")
            before = kind().settled(setting, {}, scoring=False)
            made = kind().build(before, PROMPT, _no_tokenizer)
            with pytest.raises(Refused) as refusal:
                made.generate(requests(["What?"]), GenerationSettings(8))
            after = kind().otherwise(setting, before, refusal.value)
            assert after is not None
            assert kind().model(after)["api"] == "chat"
            (answer,) = kind().build(after, PROMPT, _no_tokenizer).generate(requests(["What?"]), GenerationSettings(8))
            assert answer.text == "<What?>"
            body = asked(url)["bodies"][-1]
            assert body["messages"] == [{"role": "user", "content": "What?"}]
            assert not {"prompt", "chat_template_kwargs"} & set(body)
            said = capsys.readouterr().err
            assert said.count("has no completions, only chat") == 1
            named = config(url, "eval.http.api=completions", "eval.http.retries=0")
            assert kind().otherwise(named, before, refusal.value) is None


def _no_tokenizer() -> Any:
    raise InputError("there is none")


def test_a_server_that_refuses_for_another_reason_is_not_asked_as_a_chat() -> None:
    with serving() as url:
        setting = config(url, "eval.http.retries=0")
        before = kind().settled(setting, {}, scoring=False)
        with pytest.raises(Refused) as refusal:
            kind().build(before, PROMPT, _no_tokenizer).generate(requests(["400:9:x"]), GenerationSettings(8))
        assert kind().otherwise(setting, before, refusal.value) is None


def test_a_chat_is_told_its_template_and_keeps_reasoning_apart() -> None:
    with serving("--chat", "only") as url:
        chat = HttpEngine(url, "m", form=Chat({"enable_thinking": True}), timeout=5)
        answers = chat.generate(requests(["think", "think hard", "plain"]), GenerationSettings(8, stop=(">",)))
        assert [(answer.text, answer.reasoning) for answer in answers] == [
            ("<think", "Hm."),
            ("", "Hm."),
            ("<plain", ""),
        ]
        assert [answer.prompt_tokens for answer in answers] == [9, 14, 9]
        assert all(body["chat_template_kwargs"] == {"enable_thinking": True} for body in asked(url)["bodies"])


def test_a_model_that_knows_the_limit_under_another_name_is_told_it() -> None:
    with serving("--chat", "newer") as url:
        chat = HttpEngine(url, "m", form=Chat(), timeout=5, concurrency=1)
        answers = chat.generate(requests(["a", "b"]), GenerationSettings(8))
        assert [answer.text for answer in answers] == ["<a>", "<b>"]
        limits = [(body.get("max_tokens"), body.get("max_completion_tokens")) for body in asked(url)["bodies"]]
        assert limits == [(8, None), (None, 8), (None, 8)]
    with serving("--chat", "newer") as url:  # of requests at the same time, each is sent again
        chat = HttpEngine(url, "m", form=Chat(), timeout=5, concurrency=4)
        assert len(chat.generate(requests(list("abcdefgh")), GenerationSettings(8))) == 8


def test_a_chat_compares_letters_whatever_blank_is_before_them() -> None:
    with serving("--chat", "only") as url:
        chat = HttpEngine(url, "m", form=Chat(), first_token=True, timeout=5)
        found = chat.loglikelihood(scored([("Which?", letter) for letter in "ABC"]))
        assert found == pytest.approx([-2.0, -0.186738, -3.001], abs=1e-6)  # log(e^-0.5 + e^-1.5); below the last
        assert asked(url)["bodies"][0]["top_logprobs"] == 20


def test_without_an_echo_options_are_compared_otherwise_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("--refuse-echo") as url:
        setting = config(url, "eval.http.retries=0")
        before = kind().settled(setting, {}, scoring=True)
        with pytest.raises(NoEcho) as refusal:
            kind().build(before, PROMPT, _no_tokenizer).loglikelihood(scored([("x", "A"), ("x", "B")]))
        after = kind().otherwise(setting, before, refusal.value)
        assert after is not None
        assert kind().model(after)["loglikelihood"] == "first_token"
        assert "tells no log-probabilities of a prompt" in capsys.readouterr().err
        named = config(url, "eval.http.loglikelihood=prompt")
        assert kind().otherwise(named, kind().settled(named, {}, scoring=True), refusal.value) is None


@pytest.mark.slow
def test_an_evaluator_asks_a_server_that_only_chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_LOGS", str(tmp_path / "logs"))
    data = tmp_path / "q.jsonl"
    write_records(data, [Record(f"q{n}", "math", f"{n} + think = ?", str(n), f"made:{n}") for n in range(3)])
    words = ["--model", "m", "--contest", "practice_math", "--data", str(data)]
    with serving("--chat", "only") as url:
        first = ask(*words, "--server", url)
        assert "has no completions, only chat" in first.stderr
        (log,) = (tmp_path / "logs/served/practice_math/predictions").glob("*.jsonl")
        rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        assert {row["reasoning"] for row in rows} == {"Hm."}
        assert all(row["prompt_tokens"] > 20 and row["tokens"] == 3 for row in rows)
        assert json.loads(log.with_suffix(".settings.json").read_text(encoding="utf-8"))["api"] == "chat"
        requests_so_far = len(asked(url)["bodies"])
        # Killed after two answers, and gone on with: the log knows the form.
        log.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]), encoding="utf-8")
        again = ask(*words, "--server", url)
        assert "only chat" not in again.stderr
        assert len(asked(url)["bodies"]) == requests_so_far + 1
    assert ask(*words, "--server", url).stdout == first.stdout  # nothing is left to ask, and nobody is asked
    asked_twice = ask(*words, "--server", f"{url}/chat/completions", "--set", "eval.http.api=completions", code=2)
    assert "is that of chat: leave one of them out" in asked_twice.stderr


def ask(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "evaluation/ask.py"), *words]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize(
    "value",
    [None, [], {}, {"choices": []}, {"choices": [None]}, {"choices": [{"message": "hi"}]},
     {"error": "busy"}],
)  # fmt: skip
def test_what_is_no_answer(value: Any) -> None:
    for read in (completion, message):
        with pytest.raises(ValueError, match="no "):
            read(value)


def test_answers_as_servers_write_them() -> None:
    parts = {"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]}
    assert message({"choices": [{"message": parts}]}).text == "ab"
    assert message({"choices": [{"message": {"content": None, "tool_calls": [{}]}}]}).text == ""
    assert message({"choices": [{"message": {"content": "x", "reasoning": "y"}}]}).reasoning == "y"
    assert message({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": "7"}}).prompt_tokens is None
    with pytest.raises(ValueError, match="no text"):
        message({"choices": [{"message": {"content": 3}}]})
    with pytest.raises(IsChat):
        completion({"choices": [{"message": {"content": "x"}}]})


def test_first_tokens_in_both_spellings() -> None:
    old = {"choices": [{"text": " A", "logprobs": {"tokens": [" A"], "top_logprobs": [{" A": -0.1, " B": -2.0}]}}]}
    assert first_candidates(completion(old)) == [Candidate(" A", None, -0.1), Candidate(" B", None, -2.0)]
    listed = [{"id": 5, "token": "A", "logprob": -0.1}, {"id": 6, "token": "B", "logprob": -2}]
    new = {"choices": [{"text": "A", "logprobs": {"content": [{**listed[0], "top_logprobs": listed}]}}]}
    assert first_candidates(completion(new)) == [Candidate("A", 5, -0.1), Candidate("B", 6, -2.0)]
    assert first_candidates(completion({"choices": [{"text": "A", "logprobs": None}]})) == []


def of(*continuations: str, chat: bool = False) -> Any:
    return letters([Request("q", "Which?", text) for text in continuations], None, chat)


def test_what_is_sent_before_a_letter() -> None:
    asked = of("答案是A。", "答案是B。")
    assert (asked.prompt, asked.texts) == ("Which?答案是", ["A", "B"])
    asked = of(" The option is A.", " The option is B.")
    assert (asked.prompt, asked.texts) == ("Which? The option is", [" A", " B"])
    assert of(" A", " B").texts == [" A", " B"]
    assert of("A", "B", chat=True).prompt == "Which?"
    for wrong in (("red", "green"), ("A", "A."), ("A", ""), ("AB", "BA"), ("A ", "B x"), ("A", "A")):
        with pytest.raises(InputError, match="differ in a letter alone"):
            of(*wrong)


@given(st.text(max_size=8), st.text(max_size=8), st.sampled_from(["", " "]))
def test_whatever_stands_around_the_letters_they_are_found(before: str, after: str, blank: str) -> None:
    found = of(*(f"{before}{blank}{letter}{after}" for letter in "ABCD"))
    assert [text.strip() for text in found.texts] == list("ABCD")
    assert f"Which?{before}{blank}A{after}".startswith(found.prompt + found.texts[0])


def test_what_answers_cost(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = [{"id": "a", "text": "x", "tokens": 50, "prompt_tokens": 1000}, {"id": "b", "text": "y", "tokens": 9}]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = usage(log, 2.0, 8.0)
    assert found is not None
    assert (found.answers, found.prompt_tokens, found.completion_tokens, found.price) == (1, 1000, 50, 0.0024)
    assert found.line() == "tokens: 1,000 of prompts, 50 generated, price 0.0024"
    plain = usage(log, None, None)
    assert plain is not None
    assert plain.line() == "tokens: 1,000 of prompts, 50 generated"
    log.write_text(json.dumps(rows[1]) + "\n", encoding="utf-8")
    assert usage(log, 2.0, 8.0) is None

"""What holds of every judge: an entry of eval_accuracy/judges inherits these tests by being there."""

from __future__ import annotations

import math
import pickle
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.config import load_contest
from core.places import ROOT
from core.registry import EQUALITY_RULES, JUDGES
from core.tasks import task_names, task_of
from core.text.prompts import Prompt, render
from core.text.records import Record
from eval_accuracy.extraction.numbers import Number, whole_number
from eval_accuracy.judges import Answer, Judge, judge_of
from eval_accuracy.judges.equality import RULES
from eval_accuracy.judges.verdict import Verdict

OPTIONS = "Question: Which is it? \nA.one\nB.two\nC.six\nD.ten"
CHAT = "{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}[assistant] "
INSTRUCTION = (
    "Here is a question about arts, the correct answer is one of the options A/B/C/D. Please select the correct option "
    "and answer the question with 'The right option is'."
)
# Questions of every task that a judge judges; each reference has an ASCII word, without which rouge_l_ascii is 0.
RECORDS = (
    Record("1", "math", "计算 3 + 4 等于多少？", "3 + 4 = 7", meta={"type": "add"}),
    Record("2", "math", "解方程 2x - 6 = 0", "方程的解为：x = 3.0", meta={"type": "equation"}),
    Record("3", "math", "How many legs have two cats?", r"Each has 4: $\boxed{8}$.", meta={"type": "english"}),
    Record("4", "math", "Where is $x^2<4$?", r"It is $\boxed{(-2,2)}$.", meta={"type": "english"}),
    Record("5", "choice", OPTIONS, "The right option is B.", meta={"subject": "arts", "instruction": INSTRUCTION}),
    Record("6", "instruction", "Which towns are named?", "Paris; London\nBonn"),
    Record("7", "instruction", "CUDA 是什么？", "CUDA 是并行计算平台。"),
    Record("8", "ner", "丞相伯顏讀易。", "{丞相|OFI}{伯顏|PER}讀{易|BOOK}。"),
)
HUGE = {
    "a letter": "a",
    "an option's letter": "A",
    "digits": "7",
    "brackets": "(",
    "newlines": "\n",
    "backslashes": "\\",
    "boxes": "\\boxed{",
}
MEGABYTE = 1_000_000
SECONDS = 20.0  # of the processor, for one answer of a megabyte; the slowest takes about 2
FRAGMENTS = [
    *("3 + 4 = 7", "7", "=", "-", "1/2", r"\boxed{", "}", r"\frac{1}{2}", "答案是", "一百二十三", "万", "%", "0.333…"),
    *(
        "The right option is ",
        "A",
        "B",
        "(B)",
        "选",
        "not A but B",
        "正确答案：",
        "Paris",
        ";",
        "、",
        "\n",
        "</s>",
        "####",
    ),
    *(record.question for record in RECORDS),
    *(record.answer for record in RECORDS),
]


def everyone() -> list[Judge]:
    """Return every judge, and those that judge in their stead where answers have log-likelihoods."""
    judges = [judge_of(name) for name in JUDGES.names()]
    return judges + [other for judge in judges if (other := judge.with_likelihoods()) is not judge]


def shown(judge: Judge) -> str:
    return f"{judge.name} by likelihood" if judge.by_likelihood else judge.name


EVERY = pytest.mark.parametrize("judge", everyone(), ids=shown)


def questions(judge: Judge) -> list[Record]:
    """Return the questions that a judge can judge; one for a task of its own belongs in RECORDS."""
    found = [record for record in RECORDS if judge.judges(record.task)]
    assert found, f"no question in RECORDS is of a task that {judge.name!r} judges"
    return found


def scores(record: Record) -> list[float]:
    """Return log-likelihoods of options by which the reference is the likeliest."""
    return [-1.0 if f" {letter}." in record.answer else -9.0 for letter in "ABCD"]


def check(judge: Judge, verdict: Verdict) -> None:
    assert tuple(verdict.rules) == judge.rules
    assert all(0 <= score <= 1 for score in verdict.rules.values())
    if judge.binary:
        assert all(score in (0, 1) for score in verdict.rules.values())
    assert verdict.reason in ("", "missing", "empty", "unparsable")
    assert 0 <= verdict.weight < math.inf
    if verdict.reason:
        assert not any(verdict.rules.values())


@EVERY
def test_rules_have_names_of_their_own_and_can_be_headlines(judge: Judge) -> None:
    assert judge.rules
    assert len(set(judge.rules)) == len(judge.rules)
    headlines = judge_of(judge.name).headlines()
    assert headlines[0] == judge_of(judge.name).rules[0]
    assert set(judge.rules) <= set(headlines)


@EVERY
@pytest.mark.parametrize("text", ["", " ", "\n\t \n", "\u3000"])
def test_an_empty_answer_is_wrong(judge: Judge, text: str) -> None:
    for record in questions(judge):
        verdict = judge.verdict(record, Answer(text))
        check(judge, verdict)
        assert verdict.reason == "empty"


@EVERY
def test_a_missing_answer_is_wrong_and_counts_as_much_as_an_empty_one(judge: Judge) -> None:
    for record in questions(judge):
        verdict = judge.verdict(record, None)
        check(judge, verdict)
        assert (verdict.reason, verdict.weight) == ("missing", judge.verdict(record, Answer("")).weight)


@EVERY
def test_the_reference_is_right_under_every_rule(judge: Judge) -> None:
    for record in questions(judge):
        verdict = judge.verdict(record, Answer(record.answer, scores(record)))
        check(judge, verdict)
        assert set(verdict.rules.values()) == {1}, record
        assert verdict.type == record.meta.get("subject", record.meta.get("type", ""))


@EVERY
def test_a_reference_that_can_be_judged_by_is_not_refused(judge: Judge) -> None:
    for record in questions(judge):
        judge.check_reference(record)


@EVERY
@pytest.mark.parametrize("name", [file.stem for file in sorted((ROOT / "configs/prompts").glob("*.yaml"))])
def test_a_prompt_that_is_only_repeated_is_no_answer(judge: Judge, name: str) -> None:
    values = yaml.safe_load((ROOT / f"configs/prompts/{name}.yaml").read_text(encoding="utf-8"))
    if values.get("chat_template"):  # the tokenizer's own, which is not in the kit
        values["chat_template"] = CHAT
    prompt = Prompt(**values)
    for record in questions(judge):
        meta = {"instruction": INSTRUCTION, "passage": "Two cats sat.", **record.meta}
        given = render(prompt, Record(record.id, record.task, record.question, "", meta=meta))
        for said in (Answer(given, prompt=given), Answer(given), Answer(record.question)):
            verdict = judge.verdict(record, said)
            check(judge, verdict)
            assert not any(verdict.rules.values()), said
        verdict = judge.verdict(record, Answer(given * 2))
        check(judge, verdict)
        assert not judge.binary or not any(verdict.rules.values())


@pytest.mark.slow
@EVERY
@pytest.mark.parametrize("shape", HUGE)
def test_a_huge_answer_costs_bounded_time(judge: Judge, shape: str) -> None:
    answer = Answer((HUGE[shape] * MEGABYTE)[:MEGABYTE])
    for record in questions(judge):
        started = time.process_time()
        check(judge, judge.verdict(record, answer))
        assert time.process_time() - started < SECONDS


@EVERY
@given(st.data())
def test_any_text_is_judged_and_always_alike(judge: Judge, data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(questions(judge)))
    text = data.draw(st.text(max_size=60) | st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join))
    answer = Answer(text, data.draw(st.lists(st.floats(), max_size=5)), data.draw(st.none() | st.just(text[:9])))
    verdict = judge.verdict(record, answer)
    check(judge, verdict)
    assert judge.verdict(record, answer) == verdict
    assert pickle.loads(pickle.dumps(verdict)) == verdict


@EVERY
def test_a_judge_can_be_sent_to_another_process(judge: Judge) -> None:
    other = pickle.loads(pickle.dumps(judge))
    assert (type(other), other.name, other.rules) == (type(judge), judge.name, judge.rules)


@pytest.mark.parametrize("name", JUDGES.names())
def test_a_contest_of_its_task_may_name_the_judge_and_each_of_its_rules(name: str) -> None:
    contests = {task_of(task).judge: task for task in task_names()}
    contest = "practice_choice" if contests.get(name) == "choice" else "practice_math"
    of_task = [f"task={task}" for task in judge_of(name).tasks[:1]]
    for rule in judge_of(name).headlines():
        rules = load_contest(contest, [*of_task, f"rules.judge={name}", f"rules.equality={rule}"]).rules
        assert (rules.judge, rules.equality) == (name, rule)


VALUES = ("0", "7", "-3.5", "1/3", "0.3333333333333333", "1e-9", "25%", "3万", "99999999999999999999.5")


@pytest.mark.parametrize("name", EQUALITY_RULES.names())
def test_under_every_rule_of_equality_a_number_is_itself(name: str) -> None:
    rule = EQUALITY_RULES.get(name)
    for text in VALUES:
        number = whole_number(text)
        assert number is not None
        assert rule(number, number)


@pytest.mark.parametrize("name", EQUALITY_RULES.names())
@given(st.sampled_from(VALUES), st.sampled_from(VALUES))
def test_no_rule_of_equality_is_stricter_than_the_exact_one(name: str, left: str, right: str) -> None:
    one, other = whole_number(left), whole_number(right)
    assert one is not None
    assert other is not None
    if RULES["exact"](one, other):
        assert RULES[name](one, other)


def test_a_rule_of_equality_is_added_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def within_one(found: Number, reference: Number) -> bool:
        return abs(found.value - reference.value) <= 1

    monkeypatch.setitem(RULES, "within_one", within_one)
    assert EQUALITY_RULES.names()[-1] == "within_one"
    assert load_contest("math_llama3", ["rules.equality=within_one"]).rules.equality == "within_one"
    verdict = judge_of("math").verdict(RECORDS[0], Answer("6"))
    assert list(verdict.rules) == EQUALITY_RULES.names()
    assert [name for name, right in verdict.rules.items() if right] == ["within_one"]

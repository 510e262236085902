"""What holds of every task: an entry of core/tasks inherits these tests by being there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from core.config import load_contest
from core.errors import InputError
from core.places import ROOT
from core.registry import TASKS
from core.tasks import contest_task, task_of
from core.text.records import parse_record
from eval_accuracy.judges import judge_of


@pytest.mark.parametrize("name", TASKS.names())
def test_a_task_names_a_judge_that_judges_it_or_the_command_that_does(name: str) -> None:
    task = task_of(name)
    assert not (task.judge and task.evaluator)
    if task.judge:
        assert judge_of(task.judge).judges(name)
    if task.evaluator:
        assert (ROOT / task.evaluator).is_file()


@pytest.mark.parametrize("name", TASKS.names())
def test_a_record_may_be_of_it_and_a_contest_where_it_says_so(name: str) -> None:
    assert parse_record({"id": "1", "task": name, "question": "q", "answer": "a"}, "f:1").task == name
    settings = [f"task={name}", "rules.judge=exact_match"]
    if task_of(name).is_contest:
        assert load_contest("math_llama3", settings).task == contest_task(name) == name
    else:
        with pytest.raises(InputError, match=f"a contest cannot be of task '{name}'; it may be of choice, .*math"):
            load_contest("math_llama3", settings)


def test_unknown_names_are_refused_with_the_nearest_and_all_at_once() -> None:
    with pytest.raises(InputError) as raised:
        load_contest("math_llama3", ["task=maths", "rules.judge=rougel"])
    message = str(raised.value)
    assert "task: unknown task 'maths'" in message
    assert "did you mean 'math'?" in message
    assert "rules.judge: unknown judge 'rougel'" in message
    assert "did you mean 'rouge_l'?" in message
    with pytest.raises(InputError, match="no judge has a rule 'roundd'; 'math' has exact, .*did you mean 'rounded'"):
        load_contest("math_llama3", ["rules.equality=roundd"])


def test_a_configuration_is_loaded_without_what_judging_needs() -> None:
    """The rules are asked of the judge, and no judge imports arrays, jieba or an evaluation to name them."""
    code = (
        "import sys; from core.config import load_contest; load_contest('math_llama3'); "
        "load_contest('choice_internlm', ['rules.equality=circular_letter']); "
        "load_contest('math_llama3', ['rules.judge=rouge_l']); "
        "print([name for name in ('numpy', 'jieba', 'mindspore', 'evaluation') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

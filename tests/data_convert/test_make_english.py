"""Free-form English problems: every template's answers are recomputed from the problem's text, by other means."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import english_recomputed
import pytest

from core.tasks.boxed import last_boxed
from core.tasks.math import recognise
from data_convert.practice.english import TEMPLATES, problems
from data_convert.practice.english.latex import Problem
from eval_accuracy.judges.math import judge


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.__name__)
def test_every_answer_is_true_and_another_is_not(template: Callable[[random.Random], Problem]) -> None:
    rng = random.Random(template.__name__)
    is_true: Callable[[str, str], bool] = getattr(english_recomputed, template.__name__)
    for made in (template(rng) for _ in range(80)):
        assert is_true(made.problem, made.answer), made
        if re.fullmatch(r"-?\d+", made.answer):
            assert not is_true(made.problem, str(int(made.answer) + 1)), made
        box = last_boxed(made.solution)
        assert box is not None
        assert box.content == made.answer
        assert recognise(made.problem).type == "english"
        assert judge(made.problem, made.solution, made.solution).rules["exact"]


def test_answers_are_of_many_kinds_and_text_may_follow_the_box() -> None:
    made = problems(random.Random(5))
    some = [next(made) for _ in range(3000)]
    answers = [item.answer for item in some]
    for piece in (r"\frac", r"\sqrt", r"\pi", r"\text", r"\infty", "(", ", ", "_", r"^\circ"):
        assert any(piece in answer for answer in answers)
    assert sum(answer.startswith("-") for answer in answers) > 100
    after = [item.solution.rpartition("}")[2] for item in some]
    assert sum(len(text) > 20 for text in after) > 100
    assert not any(char > "\u00ff" for item in some for char in item.problem + item.solution)

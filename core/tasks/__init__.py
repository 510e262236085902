"""What kinds of questions there are: an entry says what the rooms must know of records of its task.

An entry is a module that assigns `TASK`; beside it stands what a question of the task is made of, such as the types of
math problems and the options of a choice. A task whose answers an existing judge can judge is nothing but this:

    TASK = Task(judge="span_f1")
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache

from core.errors import InputError, did_you_mean
from core.registry import TASKS


@dataclass(frozen=True)
class Task:
    """What is particular to the records of a task.

    Attributes:
        judge: the judge of its answers where nobody names another; "": one must be named.
        is_contest: a contest may be of it; else its records are only mixed into the training data.
        evaluator: the command that measures answers to its questions; "": a judge does (`eval_accuracy/run.py`).
        has_options: its questions list options A to D, one line each, and its answers name one of them
            (`core.tasks.choice`): they can be rotated, compared by likelihood, and checked to name an option.
        has_templates: its questions may be of the templates of `core.tasks.math`, whose results the exact solver knows.
    """

    judge: str = ""
    is_contest: bool = True
    evaluator: str = ""
    has_options: bool = False
    has_templates: bool = False

    @property
    def is_checked(self) -> bool:
        """Whether the answers of a corpus can be checked as it is read."""
        return self.has_options or self.has_templates


def task_of(name: str) -> Task:
    """Return a task by its name; InputError where there is none of this name."""
    return _task(name, _plugins())


def task_names() -> tuple[str, ...]:
    """Return the names of all tasks."""
    return _names(_plugins())


def need_task(name: str, where: str = "") -> None:
    """Refuse the name of a task that there is not (InputError); `where` begins the message."""
    known = task_names()
    if name not in known:
        raise InputError(f"{where}task {name!r} is none of {', '.join(known)}{did_you_mean(name, known)}")


def contest_task(name: str) -> str:
    """Return a task's name where a contest may be of it; InputError with the names of those otherwise."""
    if task_of(name).is_contest:
        return name
    known = [other for other in task_names() if task_of(other).is_contest]
    raise InputError(f"a contest cannot be of task {name!r}; it may be of {', '.join(known)}")


def _plugins() -> str:
    return os.environ.get("KIT_PLUGINS", "")


# Every record's task is looked up: the folders are searched once for each value of KIT_PLUGINS.
@lru_cache
def _task(name: str, plugins: str) -> Task:
    task: Task = TASKS.get(name, Task)
    return task


@lru_cache
def _names(plugins: str) -> tuple[str, ...]:
    return tuple(TASKS.names())

"""Questions on a passage, as SQuAD has them: retention is measured on them, by F1 and EM."""

from __future__ import annotations

from core.tasks import Task

TASK = Task(is_contest=False, evaluator="eval_squad/run.py")

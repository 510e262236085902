"""General instructions, which keep what the model could before; any judge of free text can judge their answers."""

from __future__ import annotations

from core.tasks import Task

TASK = Task(is_contest=False)

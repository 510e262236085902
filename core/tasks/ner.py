"""Named entities marked in their text, as GuNER2023 has them: the question is a text, the answer the text with marks.

question  丞相伯顏命以所部兵取寧國。
answer    {丞相|OFI}{伯顏|PER}命以所部兵取寧國。
"""

from __future__ import annotations

from core.tasks import Task

TASK = Task(judge="ner")

# Persons, offices and titles of books.
TYPES = ("PER", "OFI", "BOOK")

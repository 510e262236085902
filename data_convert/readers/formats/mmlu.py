"""MMLU: CSV files without a header row, or with question, choice0 … choice3, answer; and any other choices in CSV."""

from __future__ import annotations

from typing import ClassVar

from core.tasks import choice
from core.text.records import Record
from data_convert.readers.csv_choices import CsvChoices, first_row, looks_like_choices
from data_convert.readers.formats import Example, FileHead


class Mmlu(CsvChoices):
    """The question, four options and the right one's letter; with a header, the letter or its number from 0."""

    order = 30  # after CMMLU and C-Eval, for it takes what they do not
    example: ClassVar[Example] = Example(
        "high_school_physics_test.csv",
        '"What is ""light""?",sound,"waves, or so",heat,mass,B\nWhat falls?,A stone,Air,Fire,Time,A\n',
        tuple(
            Record(
                str(number),
                "choice",
                question,
                choice.answer(letter),
                f"high_school_physics_test.csv:{number + 1}",
                {
                    "instruction": choice.instruction("high school physics"),
                    "subject": "high school physics",
                    "split": "test",
                },
            )
            for number, (question, letter) in enumerate(
                [
                    ('Question: What is "light"? \nA.sound\nB.waves, or so\nC.heat\nD.mass', "B"),
                    ("Question: What falls? \nA.A stone\nB.Air\nC.Fire\nD.Time", "A"),
                ]
            )
        ),
    )

    def recognises(self, head: FileHead) -> bool:
        """See `FileFormat`; a file that is called .csv and is no JSON is one whose first row may be damaged."""
        row = first_row(head)
        if row is not None and looks_like_choices(row):
            return True
        return head.path.suffix.lower() in self.suffixes and head.first not in (b"{", b"[")


FORMAT = Mmlu()

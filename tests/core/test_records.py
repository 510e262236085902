"""Record files: a round trip, and what is said of damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from core.text.records import Record, read_records, write_records


def test_round_trip(tmp_path: Path) -> None:
    records = [Record("1", "math", "问\n题", "答"), Record("2", "squad", "q", "a", "f:1", {"answers": ["a"]})]
    file = tmp_path / "r.jsonl"
    assert write_records(file, records) == 2
    assert read_records(file) == records


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("{", "r.jsonl:2: malformed JSON"),
        ("[]", "must be a JSON object"),
        ('{"id": "1", "task": "math", "question": "q"}', "'answer' is missing"),
        ('{"id": "1", "task": "poem", "question": "q", "answer": "a"}', "'poem' is none of"),
        ('{"id": "0", "task": "math", "question": "q", "answer": "a"}', "appears twice"),
        ('{"id": "1", "task": "math", "question": "q", "answer": "a", "x": 1}', "unknown field 'x'"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, part: str) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text('{"id": "0", "task": "math", "question": "q", "answer": "a"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_records(file)
    assert part in str(caught.value)

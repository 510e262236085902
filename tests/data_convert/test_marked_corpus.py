"""A run's corpus of marked texts: nothing of a held-out text is trained on, retention questions are not needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import load_contest
from core.errors import InputError
from core.text.markup import parse
from data_convert.corpus.corpora import load_corpora
from data_convert.corpus.inputs import check_inputs
from data_convert.corpus.record_store import RecordStore
from data_convert.practice.ner import records
from data_convert.readers import BadRecords


def test_a_text_that_stands_twice_is_on_one_side_whatever_its_marks(tmp_path: Path) -> None:
    lines = [record.answer for record in records(60, 1, 0)]
    bare = [parse(line).text for line in lines]
    file = tmp_path / "train.txt"
    # Each text twice, with its marks and without: a split by lines would put some on both sides.
    file.write_bytes("\r\n".join([*lines, *bare]).encode())
    config = load_contest("guner", [f"data.train={file}", "data.test_records=12", "data.dedup=none"])
    with RecordStore(tmp_path / "records") as store:
        found = load_corpora(config.data, config.task, store, BadRecords(0), 1, needs_test=True, needs_squad=False)
        trained = {record.question for record in store.records(found.order.tolist())}
    tested = {record.question for record in found.test}
    assert tested
    assert not tested & trained
    assert tested | trained <= set(bare)
    assert found.squad == []


def test_retention_questions_are_wanted_only_where_retention_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "train.txt"
    file.write_text("{王|PER}來\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        check_inputs(load_contest("guner", [f"data.train={file}"]), conversion_only=True)
    assert "data.squad" not in str(raised.value)
    with pytest.raises(InputError, match="data.squad is not set"):
        check_inputs(load_contest("math_llama3", [f"data.train={file}"]), conversion_only=True)


def test_a_faulty_line_is_named_with_its_column(tmp_path: Path) -> None:
    file = tmp_path / "train.txt"
    file.write_text("{王|PER}來\n甲{乙|LOC}\n", encoding="utf-8")
    config = load_contest("guner", [f"data.train={file}"])
    with (
        RecordStore(tmp_path / "records") as store,
        pytest.raises(InputError, match=r"train.txt:2: column 2: type 'LOC'"),
    ):
        load_corpora(config.data, config.task, store, BadRecords(0), 1, needs_squad=False)

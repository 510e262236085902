"""A short run of the fuzzer; python tests/data_convert/fuzz_readers.py --inputs 10000 is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz_readers import CSV_FORMATS, SEEDS, Broken, check, fuzz, records_in

# Together they take a while: each reads thousands of damaged inputs.
pytestmark = pytest.mark.slow

_INPUTS = 400


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_lose_no_record_and_make_no_defect(tmp_path: Path, name: str) -> None:
    # Of a form whose every mutation stopped the reader, nothing would have been seen.
    assert fuzz(name, _INPUTS, tmp_path) > _INPUTS // 10


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_themselves_are_whole(tmp_path: Path, name: str) -> None:
    format_name, data = SEEDS[name]
    path = tmp_path / ("corpus.csv" if format_name in CSV_FORMATS else "corpus.json")
    assert check(path, format_name, data, 100)
    assert check(path, None, data, 100)
    assert records_in(path, format_name, data) in ((None,) if format_name == "parquet" else (2, 3, 4))


def test_a_lost_record_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz_readers._records_in", lambda *_: 4)
    with pytest.raises(Broken, match="4 records in, 3 out, 0 reported"):
        check(tmp_path / "corpus.json", *SEEDS["math lines"], 100)

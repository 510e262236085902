"""The records of a corpus on disk: what is too much for memory takes a way of its own, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from data_convert.corpus import record_store as store_module
from data_convert.corpus.record_store import RecordStore
from data_convert.corpus.scan import Scanner, scan
from data_convert.readers import BadRecords, read_corpus


def _folder(path: Path, *more: str) -> Path:
    """Write three CSV files, none of which is divided among processes."""
    path.mkdir()
    for name in ("arts", "law", "physics"):
        rows = [f"What is {name} number {number}?,a,b,c,d,B" for number in range(200)]
        (path / f"{name}.csv").write_text("\n".join([*rows, *more]), encoding="utf-8")
    return path


@pytest.mark.parametrize("processes", [1, 2])
def test_a_slice_too_large_for_memory_comes_out_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(store_module, "_IN_MEMORY", 10_000)
    corpus = _folder(tmp_path / "corpus")
    with RecordStore(tmp_path / "run" / ".records") as store:
        scan(store, corpus, None, Scanner(), BadRecords(0), processes)
        assert [file.name for file in store.path.parent.iterdir()] == [".records"]
        store.settle()
        assert list(store.records(range(len(store)))) == list(read_corpus(corpus))


@pytest.mark.parametrize("processes", [1, 2])
def test_nothing_is_left_of_a_scan_that_gave_up_or_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(store_module, "_IN_MEMORY", 10_000)
    place = tmp_path / "run" / ".records"
    place.parent.mkdir()
    place.with_name(".records-killed").write_bytes(b"{}")
    corpus = _folder(tmp_path / "corpus", "a row of no use")
    with RecordStore(place) as store, pytest.raises(InputError, match="1 columns, expected 6"):
        scan(store, corpus, None, Scanner(), BadRecords(0), processes)
    assert list(place.parent.iterdir()) == []

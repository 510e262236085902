"""The kit's MindRecord files against MindSpore's own writer and reader, and the stored form in bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import InputError
from data_convert.mindrecord import MindRecordReader, MindRecordWriter, write_mindrecord
from data_convert.mindrecord.header import HEADER_SIZE, read_header
from data_convert.mindrecord.integers import pack, unpack

Block = dict[str, NDArray[np.int32]]
SMALL_PAGE = 1 << 15  # the smallest that MindSpore takes
BORDERS = [0, 1, -1, 127, 128, -128, -129, -100, 255, 256, 32767, 32768, -32768, -32769, 2**31 - 1, -(2**31)]
NUMBERS = st.sampled_from(BORDERS) | st.integers(-(2**31), 2**31 - 1)


@st.composite
def blocks(draw: st.DrawFn, columns: Sequence[str] = ("labels", "input_ids")) -> list[Block]:
    """Blocks of rows; those of a block are equally wide, and together they may fill several small pages."""
    made: list[Block] = []
    for _ in range(draw(st.integers(1, 4))):
        rows, width = draw(st.integers(1, 30)), draw(st.sampled_from([1, 2, 3, 4, 5, 64, 257, 300]))
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        low, high = draw(st.sampled_from([(0, 100), (-100, 1000), (0, 70_000), (-(2**31), 2**31 - 1)]))
        block = {name: rng.integers(low, high, (rows, width)).astype(np.int32) for name in columns}
        block[columns[0]][0, 0] = draw(NUMBERS)
        made.append(block)
    return made


def rows_of(made: Iterable[Block]) -> list[Block]:
    return [{name: array[row] for name, array in block.items()} for block in made for row in range(len_of(block))]


def len_of(block: Block) -> int:
    return len(next(iter(block.values())))


def write(path: Path, made: Iterable[Block], description: str = "", page_size: int = SMALL_PAGE) -> None:
    made = list(made)
    with MindRecordWriter(path, made[0], description, page_size) as writer:
        for block in made:
            writer.write(block)


def write_by_mindspore(path: Path, calls: Iterable[list[Block]], description: str = "") -> None:
    from mindspore.mindrecord import FileWriter

    calls = list(calls)
    writer = FileWriter(str(path), shard_num=1, overwrite=True)
    writer.set_page_size(SMALL_PAGE)
    writer.add_schema({name: {"type": "int32", "shape": [-1]} for name in calls[0][0]}, description)
    for rows in calls:
        writer.write_raw_data(rows)
    writer.commit()


def index_of(path: Path) -> list[Any]:
    base = sqlite3.connect(f"{path}.db")
    queries = ("type, name, sql FROM sqlite_master", "* FROM SHARD_NAME", "* FROM INDEXES")
    found = [base.execute(f"SELECT {query}").fetchall() for query in queries]
    base.close()
    return found


def assert_same_file(ours: Path, theirs: Path) -> None:
    # Compared as a truth value: a difference of megabytes is not to be printed.
    identical = ours.read_bytes() == theirs.read_bytes()
    assert identical
    assert index_of(ours) == index_of(theirs)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two places for a file of the same name."""
    folder = tmp_path_factory.mktemp("mindrecord")
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    return folder / "ours" / "train-00000-of-00002.mindrecord", folder / "theirs" / "train-00000-of-00002.mindrecord"


@pytest.fixture(scope="module")
def mindspore() -> None:
    """MindSpore, imported before hypothesis begins, for importing it changes the recursion limit."""
    import mindspore.mindrecord  # noqa: F401


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.usefixtures("mindspore")
@given(made=blocks(), description=st.sampled_from(["", "prompt and answer tokens", '题 "q"\n\x01\x7f\\']))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_files_are_those_of_file_writer(pair: tuple[Path, Path], made: list[Block], description: str) -> None:
    ours, theirs = pair
    write(ours, made, description)
    write_by_mindspore(theirs, ([row] for row in rows_of(made)), description)
    assert_same_file(ours, theirs)
    expected = rows_of(made)
    with MindRecordReader(theirs) as reader:
        assert reader.columns == ["input_ids", "labels"]
        assert len(reader) == len(expected)
        for row, wanted in zip(reader, expected, strict=True):
            for name in reader.columns:
                np.testing.assert_array_equal(row[name], wanted[name])


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.parametrize(
    "made",
    [
        [{"a": np.array([BORDERS], np.int32)}],
        [{"a": np.zeros((65, 400), np.int32)}],  # 64 rows of 512 bytes fill a page exactly
        [{"b": np.zeros((1, 1), np.int32), "a": np.zeros((1, 9), np.int32)}],
    ],
    ids=["one row", "a full page", "columns of different width"],
)
def test_borders(pair: tuple[Path, Path], made: list[Block]) -> None:
    ours, theirs = pair
    write(ours, made)
    write_by_mindspore(theirs, ([row] for row in rows_of(made)))
    assert_same_file(ours, theirs)


@pytest.mark.mindspore
@pytest.mark.slow
def test_more_rows_than_one_raw_page_holds(pair: tuple[Path, Path]) -> None:
    ours, theirs = pair
    made = [{"a": np.arange(6000, dtype=np.int32)[:, None], "b": np.ones((6000, 1), np.int32)}]
    write(ours, made)
    with ours.open("rb") as stream:
        pages = [page for page in read_header(stream, ours).page if page.page_type == "BLOB_DATA"]
    rows = rows_of(made)
    write_by_mindspore(theirs, [rows[page.start_row_id : page.end_row_id] for page in pages])
    assert_same_file(ours, theirs)


@pytest.mark.mindspore
@pytest.mark.slow
def test_mind_dataset_reads_the_shards_that_several_writers_made(tmp_path: Path) -> None:
    from mindspore.dataset import MindDataset

    rng = np.random.default_rng(0)
    shards = []
    for number, (rows, high) in enumerate([(2000, 100), (3, 100_000)]):
        path = tmp_path / f"train-{number:05d}-of-00002.mindrecord"
        block = {name: rng.integers(-100, high, (rows, 257)).astype(np.int32) for name in ("input_ids", "labels")}
        write(path, [block])
        shards.append((path, block))
    dataset = MindDataset([str(path) for path, _ in shards], shuffle=False)
    assert dataset.get_dataset_size() == 2003
    rows = dataset.create_dict_iterator(num_epochs=1, output_numpy=True)
    wanted = {name: np.concatenate([block[name] for _, block in shards]) for name in ("input_ids", "labels")}
    for number, row in enumerate(rows):
        for name, array in wanted.items():
            assert (row[name] == array[number]).all()
    assert number == 2002


def test_the_stored_form() -> None:
    # Two columns. 300 takes two bytes and 70000 four; a code byte holds four codes, the first one on top.
    ids, labels = np.array([[1, 300, 70_000, 2, 3]], np.int32), np.array([[-100]], np.int32)
    stored, sizes = next(pack([ids, labels]))
    ids_stored = (
        b"\0\0\0\5" + bytes([0b00_01_10_00, 0]) + b"\x01" + b"\x2c\x01" + b"\x70\x11\x01\x00" + b"\x02" + b"\x03"
    )
    labels_stored = b"\0\0\0\1" + b"\0" + b"\x9c"
    row = len(ids_stored).to_bytes(8, "big") + ids_stored + len(labels_stored).to_bytes(8, "big") + labels_stored
    assert stored.tobytes() == len(row).to_bytes(8, "little") + row
    assert sizes.tolist() == [8 + len(row)]


@given(made=blocks())
def test_stored_rows_come_back(made: list[Block]) -> None:
    for block in made:
        columns = list(block.values())
        stored = b"".join(chunk.tobytes() for chunk, _ in pack(columns))
        for row in range(len_of(block)):
            length = int.from_bytes(stored[:8], "little")
            for array, back in zip(columns, unpack(stored[8 : 8 + length], len(columns)), strict=True):
                np.testing.assert_array_equal(back, array[row])
            stored = stored[8 + length :]
        assert not stored


@given(made=blocks(("a",)), cuts=st.lists(st.integers(0, 120), max_size=5))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_bytes_do_not_depend_on_the_blocks(pair: tuple[Path, Path], made: list[Block], cuts: list[int]) -> None:
    whole, cut = pair
    array = np.concatenate([np.resize(block["a"], (len_of(block), 257)) for block in made])
    write(whole, [{"a": array}])
    write(cut, [{"a": part} for part in np.split(array, sorted(min(at, len(array)) for at in cuts))])
    assert_same_file(whole, cut)


def test_the_padding_takes_no_room_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.mindrecord"
    assert write_mindrecord(path, [([1, 2], [-100, 2])] * 3) == 3
    assert path.stat().st_size > HEADER_SIZE + (1 << 25)
    assert path.stat().st_blocks * 512 < 1 << 16
    with MindRecordReader(path) as reader:
        assert [row["labels"].tolist() for row in reader] == [[-100, 2]] * 3
        assert reader[2]["input_ids"].tolist() == [1, 2]
        for outside in (3, -1):
            with pytest.raises(IndexError):
                reader[outside]


def test_no_row_and_a_row_too_long(tmp_path: Path) -> None:
    path = tmp_path / "a.mindrecord"
    with pytest.raises(InputError, match="there is no row to write"):
        write_mindrecord(path, [])
    with pytest.raises(InputError, match="row 1 takes 50020 bytes, a page has 32768"):
        write(path, [{"a": np.zeros((1, 1), np.int32)}, {"a": np.zeros((1, 40_006), np.int32)}])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "block",
    [
        {"a": np.zeros((2, 3), np.int32)},
        {"a": np.zeros((2, 3), np.int64), "b": np.zeros((2, 3), np.int64)},
        {"a": np.zeros((2, 3), np.int32), "b": np.zeros((1, 3), np.int32)},
        {"a": np.zeros((2, 0), np.int32), "b": np.zeros((2, 0), np.int32)},
        {"a": np.zeros(3, np.int32), "b": np.zeros(3, np.int32)},
    ],
    ids=["a column is missing", "int64", "more rows in one column", "rows of nothing", "no rows at all"],
)
def test_a_block_of_another_form_is_refused(tmp_path: Path, block: Block) -> None:
    with MindRecordWriter(tmp_path / "a.mindrecord", ["a", "b"]) as writer:
        writer.write({"a": np.ones((1, 3), np.int32), "b": np.ones((1, 3), np.int32)})
        with pytest.raises(ValueError, match="block"):
            writer.write(block)

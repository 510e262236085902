"""Which files a corpus consists of: folders, links, patterns, several of them; every file once, none in silence."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from core.errors import InputError
from data_convert.readers import Part, list_files, read_corpus
from data_convert.readers.listing import HIDDEN


def write(path: Path, *questions: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps({"query": question, "response": "yes"}) + "\n" for question in questions]
    path.write_text("".join(rows), encoding="utf-8")
    return path


def names(*paths: Path) -> list[str]:
    return [file.prefix for file in list_files(paths).files]


def asked(*paths: Path) -> list[str]:
    return [record.question for record in read_corpus(paths)]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    write(folder / "a.jsonl", "a")
    write(folder / "deep" / "down" / "b.jsonl", "b1", "b2")
    return folder


def test_linked_folders_and_files_are_read(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "elsewhere" / "c.jsonl", "c")
    alone = write(tmp_path / "d.jsonl", "d")
    (corpus / "linked").symlink_to("../elsewhere")
    (corpus / "d.jsonl").symlink_to(alone)
    assert asked(corpus) == ["a", "d", "b1", "b2", "c"]
    assert names(corpus) == ["a/", "d/", "deep/down/b/", "linked/c/"]
    assert capsys.readouterr().err == ""


def test_a_folder_that_is_nothing_but_links_is_a_corpus(tmp_path: Path) -> None:
    write(tmp_path / "real" / "a.jsonl", "a")
    top = tmp_path / "top"
    top.mkdir()
    (top / "one").symlink_to(tmp_path / "real")
    (tmp_path / "way").symlink_to(top)
    assert names(tmp_path / "way") == ["one/a/"]


def test_links_in_a_circle_end_and_each_file_counts_once(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (corpus / "deep" / "again").symlink_to("..")
    (corpus / "deep" / "self").symlink_to("self")
    (corpus / "twice").symlink_to("deep/down")
    (corpus / "a-once-more.jsonl").symlink_to("a.jsonl")
    assert sorted(asked(corpus)) == ["a", "b1", "b2"]
    said = capsys.readouterr().err
    assert "deep/again: a link back to" in said
    reasons = {left.path.name: left.reason for left in list_files(corpus).left_out}
    assert set(reasons) == {"again", "self", "twice", "a-once-more.jsonl"}
    assert "leads nowhere" in reasons["self"]
    assert "is read already" in reasons["twice"]


def test_two_folders_that_link_to_each_other(tmp_path: Path) -> None:
    write(tmp_path / "x" / "a.jsonl", "a")
    write(tmp_path / "y" / "b.jsonl", "b")
    (tmp_path / "x" / "y").symlink_to("../y")
    (tmp_path / "y" / "x").symlink_to("../x")
    assert sorted(asked(tmp_path / "x")) == ["a", "b"]
    assert sorted(asked(tmp_path / "x", tmp_path / "y")) == ["a", "b"]


def test_a_link_to_a_corpus_file_that_is_gone_is_an_error(corpus: Path) -> None:
    (corpus / "lost.jsonl").symlink_to(corpus / "nowhere.jsonl")
    with pytest.raises(InputError, match=r"lost.jsonl: a link that leads nowhere .*; the file is missing"):
        list_files(corpus)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_an_error(corpus: Path) -> None:
    (corpus / "deep").chmod(0)
    with pytest.raises(InputError, match="deep: cannot be read"):
        list_files(corpus)
    (corpus / "deep").chmod(0o755)


def test_what_is_no_corpus_is_left_out_with_its_reason(corpus: Path) -> None:
    (corpus / "README.md").write_text("x", encoding="utf-8")
    (corpus / "more.md").write_text("x", encoding="utf-8")
    (corpus / "subjects.json").write_text('{"law": ["法律", "Law"]}', encoding="utf-8")
    (corpus / "names.json").write_text('["a", "b"]', encoding="utf-8")
    (corpus / ".hidden.jsonl").write_text("{", encoding="utf-8")
    write(corpus / ".cache" / "old.jsonl", "old")
    (corpus / ".git").mkdir()
    (corpus / ".git" / "HEAD").write_text("x", encoding="utf-8")
    listing = list_files(corpus)
    assert [file.prefix for file in listing.files] == ["a/", "deep/down/b/"]
    assert {left.path.name: left.reason for left in listing.left_out} == {
        "README.md": "no format reads such files (2 of them)",
        "subjects.json": "one JSON object that is no record: no corpus",
        "names.json": "a list, but not of objects: no corpus",
        ".hidden.jsonl": HIDDEN,
        ".cache": HIDDEN,
    }


def test_patterns_find_files_and_folders_by_name(corpus: Path, tmp_path: Path) -> None:
    write(corpus / "c.json", "c")
    write(corpus / "deep" / "d.json", "d")
    assert asked(corpus / "*.jsonl") == ["a"]
    assert asked(corpus / "*.json*") == ["a", "c"]
    assert sorted(asked(corpus / "**" / "*.jsonl")) == ["a", "b1", "b2"]
    assert sorted(asked(corpus / "**")) == ["a", "b1", "b2", "c", "d"]
    assert sorted(asked(corpus / "d*")) == ["b1", "b2", "d"]
    with pytest.raises(InputError, match=r"x\*.json: no file or folder is named so"):
        list_files(corpus / "x*.json")


def test_a_name_with_signs_of_a_pattern_is_a_name_where_there_is_such_a_file(tmp_path: Path) -> None:
    assert asked(write(tmp_path / "part[1].jsonl", "x")) == ["x"]


def test_ids_tell_files_of_one_name_apart(tmp_path: Path) -> None:
    for place in ("x/train.jsonl", "x/train.json", "y/train.jsonl"):
        write(tmp_path / place, place)
    assert names(tmp_path / "x" / "train.json", tmp_path / "y" / "train.jsonl") == ["x/train/", "y/train/"]
    assert names(tmp_path / "x") == ["train.json/", "train.jsonl/"]
    assert names(tmp_path / "x" / "train.json") == [""]
    ids = [record.id for record in read_corpus([tmp_path / "x", tmp_path / "y"])]
    assert ids == ["x/train.json/0", "x/train.jsonl/0", "y/train/0"]


def test_a_file_named_twice_is_read_once_and_never_with_two_weights(corpus: Path) -> None:
    twice = list_files([Part(corpus), Part(corpus / "a.jsonl")])
    assert len(twice.files) == 2
    assert [left.reason for left in twice.left_out] == ["is named twice and read once"]
    with pytest.raises(InputError, match="a.jsonl: is in the corpus twice, with weight 1 and with weight 2"):
        list_files([Part(corpus), Part(corpus / "a.jsonl", 2)])


def test_a_missing_file_among_several_is_named(corpus: Path) -> None:
    with pytest.raises(InputError, match="gone.json: cannot be read"):
        list(read_corpus([corpus, corpus / "gone.json"]))


@pytest.mark.parametrize("seed", range(25))
def test_any_tree_of_folders_and_links_gives_each_file_once(tmp_path: Path, seed: int) -> None:
    """Grow a tree by chance, links to files, folders, parents and nothing among it, and count by other means."""
    rng = random.Random(seed)
    folders, questions = [tmp_path / "top"], set()
    folders[0].mkdir()
    outside = [write(tmp_path / "outside" / f"{n}.jsonl", f"outside {n}") for n in range(3)]
    for number in range(rng.randrange(5, 30)):
        place, kind = rng.choice(folders), rng.choice(("file", "file", "folder", "link", "link", "lost"))
        if kind == "file":
            write(place / f"f{number}.jsonl", f"q{number}")
        elif kind == "folder":
            (place / f"d{number}").mkdir()
            folders.append(place / f"d{number}")
        elif kind == "link":
            target = rng.choice([*folders, *outside, outside[0].parent])
            (place / f"l{number}").symlink_to(target)
        else:
            (place / f"x{number}").symlink_to("gone")
    write(folders[0] / "last.jsonl", "last")
    for base, _, files in os.walk(folders[0], followlinks=False):
        questions |= {json.loads((Path(base) / name).read_text())["query"] for name in files if name.endswith("jsonl")}
    links = [path for folder in folders for path in folder.iterdir() if path.is_symlink()]
    if any(os.path.realpath(link) == str(outside[0].parent) for link in links):
        questions |= {f"outside {n}" for n in range(3)}
    found = [record.question for record in read_corpus(folders[0])]
    # A link to a file has no ending here, so it is none of a corpus.
    assert sorted(found) == sorted(questions)

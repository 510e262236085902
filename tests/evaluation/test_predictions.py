from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from evaluation.answers.predictions import check_answers, coverage, read_predictions


def written(folder: Path, text: str, name: str = "p.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_object_and_lines_give_the_same(tmp_path: Path) -> None:
    lines = '{"id": "a", "text": "x", "tokens": 3}\n\n{"id": "b", "text": ""}\n'
    expected = {"a": "x", "b": ""}
    assert read_predictions(written(tmp_path, lines, "p.jsonl")) == expected
    assert read_predictions(written(tmp_path, lines, "lines.json")) == expected
    assert read_predictions(written(tmp_path, json.dumps(expected))) == expected
    assert read_predictions(written(tmp_path, json.dumps(expected, indent=1))) == expected


def test_a_repeated_id_is_counted_and_its_last_text_counts(tmp_path: Path) -> None:
    found = read_predictions(written(tmp_path, '{"a": "1", "b": "2", "a": "3"}'))
    assert (dict(found), found.duplicates) == ({"a": "3", "b": "2"}, 1)
    found = read_predictions(written(tmp_path, '{"id": "a", "text": "1"}\n{"id": "a", "text": "2"}\n', "p.jsonl"))
    assert (dict(found), found.duplicates) == ({"a": "2"}, 1)
    assert coverage(["a", "c"], found).counts() == {"missing": 1, "unknown": 0, "duplicates": 1}


def test_predictions_of_other_questions_are_told_of(tmp_path: Path) -> None:
    path = written(tmp_path, '{"a": "1", "b": "2"}')
    assert check_answers(["b", "c"], read_predictions(path), path).missing == ("c",)
    with pytest.raises(InputError, match=r"p\.json: answers none of the questions; .* for a, b…, asked is c"):
        check_answers(["c", "d"], read_predictions(path), path)


@pytest.mark.parametrize("scores", ["[NaN]", "[1, -Infinity]", "[]", '"1"', "[true]"])
def test_scores_are_numbers(tmp_path: Path, scores: str) -> None:
    path = written(tmp_path, f'{{"id": "a", "text": "1", "scores": {scores}}}\n', "p.jsonl")
    with pytest.raises(InputError, match=r"p\.jsonl:1: field 'scores' must be a list of numbers"):
        read_predictions(path)


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, '{"id": "a", "text": "1"}\n{"id": "b", "te', "p.jsonl")
    with pytest.raises(InputError, match=r"p\.jsonl:2"):
        read_predictions(path)


def test_lone_surrogates_become_writable(tmp_path: Path) -> None:
    found = read_predictions(written(tmp_path, r'{"a": "x\ud800y"}'))
    assert found["a"] == "x\ufffdy"


@pytest.mark.parametrize("text", ["", " ", "null", "[]", "{}", '"a"', '{"a": null}', '{"a": {"b": "c"}}', "[" * 100000])
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_predictions(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_predictions(tmp_path / "none.json")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")), min_size=1))
def test_every_mapping_comes_back(tmp_path: Path, expected: dict[str, str]) -> None:
    assert read_predictions(written(tmp_path, json.dumps(expected, indent=1))) == expected
    lines = "".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in expected.items())
    assert read_predictions(written(tmp_path, lines, "p.jsonl")) == expected

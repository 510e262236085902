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


ANSWERS = ["4", "It is 6.", "8"]
IDS = ["x-7", "x-3", "12"]
_FORMS = {
    "numbers as ids": [{"id": 7 + n, "text": text} for n, text in enumerate(ANSWERS)],
    "evaluate": [
        {"id": name, "prediction_text": text, "no_answer_probability": 0.0}
        for name, text in zip(IDS, ANSWERS, strict=True)
    ],
    "lm-eval": [
        {"doc_id": n, "doc": {}, "target": "4", "resps": [[text]], "filtered_resps": ["4"], "exact_match": 1.0}
        for n, text in enumerate(ANSWERS)
    ],
    "LLaMA-Factory": [{"prompt": "q", "predict": text, "label": "4"} for text in ANSWERS],
    "OpenAI's chat": [
        {"custom_id": name, "response": {"status_code": 200, "body": {"choices": [{"message": {"content": text}}]}}}
        for name, text in zip(IDS, ANSWERS, strict=True)
    ],
    "OpenAI's completions": [
        {"custom_id": name, "response": {"body": {"choices": [{"text": text}]}}}
        for name, text in zip(IDS, ANSWERS, strict=True)
    ],
    "question_id and response": [
        {"question_id": name, "response": text} for name, text in zip(IDS, ANSWERS, strict=True)
    ],
}


@pytest.mark.parametrize("tool", _FORMS)
@pytest.mark.parametrize("name", ["p.jsonl", "lines.json", "array.json"])
def test_the_forms_of_other_tools(tmp_path: Path, tool: str, name: str) -> None:
    rows = _FORMS[tool]
    text = json.dumps(rows, indent=1) if name == "array.json" else "".join(json.dumps(row) + "\n" for row in rows)
    found = read_predictions(path := written(tmp_path, text, name))
    ids = ["7", "8", "9"] if tool == "numbers as ids" else IDS
    assert check_answers(ids, found, path).counts() == {"missing": 0, "unknown": 0, "duplicates": 0}
    assert found == dict(zip(ids, ANSWERS, strict=True))


@pytest.mark.parametrize("name", ["p.jsonl", "p.json"])
def test_opencompass_writes_one_object_with_numbers(tmp_path: Path, name: str) -> None:
    rows = {str(n): {"origin_prompt": "q", "prediction": text, "gold": "4"} for n, text in enumerate(ANSWERS)}
    found = read_predictions(path := written(tmp_path, json.dumps(rows), name))
    check_answers(IDS, found, path)
    assert found == dict(zip(IDS, ANSWERS, strict=True))


def test_answers_by_place_are_never_matched_by_an_id_that_looks_like_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second question asked has the id 0: the answer at place 0 belongs to the first all the same."""
    rows = [{"doc_id": n, "resps": [[text]]} for n, text in enumerate(ANSWERS)]
    found = read_predictions(path := written(tmp_path, "".join(map("{}\n".format, map(json.dumps, rows))), "p.jsonl"))
    known = check_answers(["5", "0"], found, path)
    assert found == {"5": "4", "0": "It is 6.", "question 2 from 0": "8"}
    assert known.unknown == ("question 2 from 0",)
    assert "has no ids of questions; its predictions are taken in the order of the questions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({"doc_id": 0, "resps": [[[-1.5, False]], [[-0.5, True]]]}, "'resps' holds log-likelihoods of options"),
        ({"doc_id": 0, "resps": [["a", "b"]]}, "'resps' holds 2 answers to one question"),
        ({"id": 1.5, "text": "x"}, "field 'id' is missing or not text"),
        ({"id": "a", "prediction": None}, "field 'prediction' is missing or not text"),
        ({"id": "a", "question": "q", "answer": "4"}, "field 'text' is missing or not text; expected id and text"),
        ({"query": "q", "response": "4"}, "field 'text' is missing or not text"),
        ({"custom_id": "a", "response": {"error": {"code": 500}}}, "field 'response' is missing or not text"),
    ],
)
def test_what_is_no_prediction_is_named(tmp_path: Path, row: dict[str, object], part: str) -> None:
    with pytest.raises(InputError) as caught:
        read_predictions(written(tmp_path, json.dumps(row) + "\n", "p.jsonl"))
    assert "p.jsonl:1: " in str(caught.value)
    assert part in str(caught.value)


def test_ids_and_places_do_not_mix(tmp_path: Path) -> None:
    lines = '{"id": "a", "text": "1"}\n{"predict": "2", "label": "2"}\n'
    with pytest.raises(InputError, match="p.jsonl:2: some predictions name their question, others only their place"):
        read_predictions(written(tmp_path, lines, "p.jsonl"))

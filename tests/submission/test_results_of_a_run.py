"""The types of the result files: there and back to the byte, unknown keys kept, damaged ones named."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_folder import make_run

from core.errors import InputError
from core.files import read_json, write_json
from core.results import RESULTS, file_name, gather, parsed, read_result, results_of, summary
from core.steps import usual_steps

STEPS = usual_steps()
WHOLE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# Results of steps that not every contest has.
OTHERS: dict[str, dict[str, Any]] = {
    "floors": {
        "schema": 1,
        "lines_trained": 3,
        "lines_tested": 2,
        "hmm": {
            "f1": 58.2,
            "interval": [50.0, 66.0],
            "recall": 60.0,
            "precision": 56.5,
            "common": 12,
            "expected": 20,
            "found": 21,
            "answers": "floors/hmm.jsonl",
        },
    },
    "hand_in": {
        "schema": 1,
        "checkpoint": "step_50",
        "predictions": "predictions/test.jsonl",
        **dict.fromkeys(("predictions_sha256", "text_sha256"), "0" * 64),
        "file": "hand_in/answer.txt",
        "file_sha256": "0" * 64,
        "texts": 2,
        "verbatim": 1,
        "lost": 0,
        "entities": {"PER": 3},
        "faults": 0,
    },
}


def of_all_steps(folder: Path) -> Path:
    """Make a run that has every result there is."""
    run = make_run(folder)
    for name, value in OTHERS.items():
        write_json(run / file_name(name), value)
    return run


@pytest.fixture(scope="session")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Name -> value of the result files of a whole run."""
    run = of_all_steps(tmp_path_factory.mktemp("results") / "run")
    return {name: read_json(run / file_name(name)) for name in RESULTS}


def objects(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the places of all keys below a value."""
    for key, item in value.items() if isinstance(value, dict) else ():
        yield (*place, key)
        yield from objects(item, (*place, key))


def read_or_refused(value: Any, name: str) -> tuple[Any, str]:
    """Return a value as its type writes it again, or why it was refused."""
    try:
        return parsed(value, RESULTS[name].type, "file").as_json(), ""
    except InputError as error:
        return None, str(error)


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_written_as_it_was_read(tmp_path: Path, name: str) -> None:
    file = of_all_steps(tmp_path / "run") / file_name(name)
    held = read_result(file, RESULTS[name].type)
    assert json.dumps(held.as_json(), ensure_ascii=False, indent=2) + "\n" == file.read_text(encoding="utf-8")


@WHOLE
@given(data=st.data(), name=st.sampled_from(list(RESULTS)))
def test_keys_of_a_later_version_are_kept(values: dict[str, Any], data: st.DataObject, name: str) -> None:
    value = copy.deepcopy(values[name])
    places = [place for place in objects(value) if isinstance(at(value, place), dict)]
    place = data.draw(st.sampled_from([(), *places]))
    if place and place[-1] in (
        "inputs",
        "rules",
        "markers",
        "by_type",
        "errors",
        "checkpoints",
        "rule_intervals",
        "entities",
    ):
        return  # these have names for keys
    if "categories" in place:
        return
    at(value, place)["of_a_later_version"] = {"a": [1, None, "b"]}
    assert parsed(value, RESULTS[name].type, "file").as_json() == value


@WHOLE
@given(
    data=st.data(),
    name=st.sampled_from(list(RESULTS)),
    junk=st.sampled_from([..., None, True, "text", -1, 0.5, 10**400, [], {}, [[1]]]),
)
def test_a_damaged_key_is_named_or_harmless(values: dict[str, Any], data: st.DataObject, name: str, junk: Any) -> None:
    value = copy.deepcopy(values[name])
    place = data.draw(st.sampled_from(list(objects(value))))
    if junk is ...:
        del at(value, place[:-1])[place[-1]]
    else:
        at(value, place[:-1])[place[-1]] = junk
    again, refused = read_or_refused(value, name)
    assert again == value or (refused.startswith("file ") and place[-1] in refused)


def test_the_steps_decide_which_results_there_are() -> None:
    usual = [name for name in RESULTS if name not in OTHERS]
    assert results_of([*STEPS, "floors", "mark"], validates=True) == list(RESULTS)
    assert results_of(STEPS, validates=True) == usual
    assert results_of(STEPS) == [name for name in usual if name != "validation"]
    assert results_of([step for step in STEPS if step != "retention"]) == ["accuracy", "ratio", "score"]
    assert results_of(()) == []


def test_the_summary_is_a_table_by_checkpoint(run: Path) -> None:
    lines = list(summary(gather(results_of(STEPS), lambda file: read_json(run / file))))
    assert lines[:3] == [
        "checkpoint        F1      EM   gate  accuracy    score",
        "base           61.31   44.17      -    20.33%        -",
        "step_20        60.31   43.50   pass    33.67%   0.4771",
    ]
    assert lines[6] == "step_100       56.31   40.84   pass    87.00%   0.8505 *"
    assert lines[7] == "trained 64 of 328 parameters: ratio 0.195121951"
    assert lines[8] == "best (*): step_100; 95 % interval of its accuracy 82.00% to 92.00%"


def test_without_retention_the_summary_has_no_columns_of_it(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", without=("retention",))
    lines = list(summary(gather(["accuracy", "ratio", "score"], lambda file: read_json(run / file))))
    assert lines[0] == "checkpoint    accuracy    score"
    assert lines[1] == "base            20.33%        -"


def test_what_is_broken_is_said_and_the_others_are_read(run: Path) -> None:
    (run / "results/score.json").write_text('{"schema": 1}', encoding="utf-8")
    made = gather(results_of(STEPS), lambda file: read_json(run / file))
    assert list(made.typed) == ["squad", "accuracy", "ratio"]
    (problem,) = made.problems
    assert problem == ("results/score.json has no 'formula', has no 'ratio', has no 'checkpoints', has no 'best'")

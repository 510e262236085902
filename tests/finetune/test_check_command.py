"""finetune/check.py as a team calls it: on its YAML, MindRecord, log and prompts, and on the kit's contests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.config import load_contest, names
from core.errors import InputError
from data_convert.mindrecord import write_mindrecord
from finetune.check import main
from finetune.lint import findings
from finetune.lint.contest import contest_facts
from pipeline.validate import main as validate
from tests.finetune.published import evaluation, training

ROWS = ("--rows", "90000", "--cards", "4")


def found(capsys: pytest.CaptureFixture[str], *words: str) -> set[str]:
    """Return the names of what the command finds; its exit code is held against their levels."""
    code = main([*words, "--json"])
    said = json.loads(capsys.readouterr().out)
    every = [finding for one in said["checked"] for finding in one["findings"]]
    assert (code, said["ok"]) == ((3, False) if any(one["level"] == "error" for one in every) else (0, True))
    return {one["check"] for one in every}


@pytest.mark.parametrize("contest", names("contests"))
def test_what_the_kit_composes_has_no_trap_on_any_machine(contest: str) -> None:
    for machine in names("machines"):
        if (machine == "cpu") == contest.startswith("practice"):
            assert findings(contest_facts(load_contest(contest, [f"machine={machine}"]))) == [], machine


@pytest.mark.parametrize("method", names("methods"))
def test_what_the_kit_composes_for_a_method_has_no_trap(method: str) -> None:
    assert findings(contest_facts(load_contest("math_llama3", [f"method={method}"]))) == []


@pytest.mark.parametrize("bundle", ["1.1.0", "1.3.2", "1.6.0", "1.8.0", "2.1.0"])
def test_what_the_kit_composes_for_another_mindformers_has_no_trap_either(bundle: str) -> None:
    for contest in ("math_llama3", "practice_math"):
        config = load_contest(contest, [f"machine.bundle={bundle}"])
        assert findings(contest_facts(config)) == [], contest


def test_a_sound_hand_in_is_found_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [training(tmp_path), "--evaluation", evaluation(tmp_path), *ROWS]
    assert found(capsys, *words) == set()
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "no trap found (MindFormers 1.1.0, as CheckpointMointor tells)" in said
    assert "not checked, for want of --log, --card-memory" in said


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # The organiser's own: what its guide tells to write, adapters of no named type, 1,400 steps.
        ({"only_save_strategy": True, "type": "", "save": 1400},
         {"only_save_strategy", "coarse_adapter", "uneven_checkpoints"}),
        ({"only_save_strategy": True}, {"only_save_strategy"}),
        ({"targets": "'.*wq | .*wv'"}, {"targets_match_nothing"}),
        ({"targets": "'*.wq|*.wv'"}, {"targets_unreadable"}),
        ({"targets": r"'.*\.layers\.[2-9]\d.*?(wq|wv)'"}, {"targets_match_nothing"}),
        ({"dropout": 0.5, "alpha": 8}, {"high_dropout"}),
        ({"use_parallel": False}, {"one_card", "does_not_fit"}),
        ({"use_parallel": False, "batch": 8, "mp": 1, "save": 11250}, {"one_card"}),
        ({"batch": 128, "epochs": 10}, {"does_not_fit"}),
        ({"dp": 8, "mp": 1, "batch": 8}, {"spread_fits_cards"}),
        ({"save": 1405}, {"save_between_sinks", "uneven_checkpoints"}),
        ({"save": 3000}, {"too_few_saved"}),
        ({"rate": "1e-5"}, {"number_as_text"}),
        ({"rate": "3.e-6", "rank": 12, "alpha": 24}, set()),
        ({"epochs": 1, "save": 282}, {"uneven_checkpoints"}),
        ({"epochs": 1, "save": 280}, {"uneven_checkpoints"}),
    ],
)  # fmt: skip
def test_traps_of_hand_ins_are_found(
    changes: dict[str, Any], expected: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(capsys, training(tmp_path, **changes), *ROWS) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"least": ""}, {"empty_answers"}),
        ({"pet": ""}, {"evaluation_adapter_missing"}),
        ({"metric": "PerplexityMetric", "pet": ""}, {"evaluation_adapter_missing", "evaluation_metric"}),
        ({"metric": "PerplexityMetric", "columns": '["input_ids"]'}, set()),
        ({"pet": "\n    pet_config: {pet_type: lora, lora_rank: 4, lora_alpha: 16, target_modules: '.*wq|.*wv'}"},
         {"evaluation_adapter_differs"}),
    ],
)  # fmt: skip
def test_traps_between_training_and_evaluation_are_found(
    changes: dict[str, Any], expected: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [training(tmp_path), "--evaluation", evaluation(tmp_path, **changes), *ROWS]
    assert found(capsys, *words) == expected


def test_the_same_yaml_with_todays_mindformers_names_what_has_to_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = training(tmp_path)
    assert found(capsys, file, "--bundle", "1.3.2", *ROWS) == {"class_of_another_version"}
    assert main([file, "--bundle", "1.9.0", *ROWS]) == 3
    said = " ".join(capsys.readouterr().out.split())
    for words in ("no FP32StateAdamWeightDecay; write AdamW", "no CheckpointMointor; write CheckpointMonitor"):
        assert words in said


def rows(folder: Path, *made: tuple[list[int], list[int]]) -> str:
    write_mindrecord(folder / "t.mindrecord", made)
    return str(folder / "t.mindrecord")


def row(answer: int, eos: bool = True, bos: bool = True, width: int = 257) -> tuple[list[int], list[int]]:
    """Return a row of 20 prompt tokens and an answer of so many, EOS among them."""
    learned = [*([5] * (answer - eos)), *([128_001] if eos else [])]
    ids = [128_000 if bos else 7, *([9] * 19), *learned]
    padding = width - len(ids)
    return [*ids, *([128_002] * padding)], [*([-100] * 20), *learned, *([-100] * padding)]


def test_traps_in_rows_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = [row(10)] * 640
    cases: dict[str, tuple[list[tuple[list[int], list[int]]], set[str]]] = {
        "sound": (good, set()),
        "short": ([row(10, width=256)] * 640, {"row_length"}),
        "no bos": ([row(10, bos=False)] * 640, {"rows_without_bos"}),
        "no eos": ([row(10, eos=False)] * 640, {"rows_without_eos"}),
        "cut": ([*good, *([row(237, eos=False)] * 128)], {"rows_cut", "answers_cut"}),
        "long": ([*good, *([row(100)] * 128)], {"answers_cut"}),
        "unlearned": ([*good, *([(row(10)[0], [-100] * 257)] * 128)], {"rows_unlearned"}),
    }
    for name, (made, expected) in cases.items():
        folder = tmp_path / name
        folder.mkdir()
        words = [training(folder, save=len(made) // 64), "--evaluation", evaluation(folder)]
        assert found(capsys, *words, "--mindrecord", rows(folder, *made)) == expected, name


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("Network Parameters: 3 M.\n{ Epoch:[ 1/ 5], loss: 1.2\n", set()),
        ("Network Parameters: 3407872.\n", set()),
        ("Network Parameters: 13631488.\n", {"log_parameters"}),
        ("Only_save_strategy is True, model.compile() finished, system exit!\n", {"log_trained_nothing"}),
        ("step:[ 3/ 9], loss: nan, per_step_time\n", {"log_nan"}),
        ("RuntimeError: Allocate memory failed, size 1\n", {"log_out_of_memory"}),
        ("F1 score: 59.8, Em score: 44.1, total_count: 2067\n", set()),
        ("F1 score: 59.8, Em score: 44.1, total_count: 200\n", {"log_not_whole"}),
        ("pred is:\n ['']\n label is:\n ['x']\npred is:\n ['y']\n label is:\n ['x']\n", {"log_empty_answers"}),
    ],
)
def test_traps_in_logs_are_found(
    log: str, expected: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w.log").write_text(log, encoding="utf-8")
    assert found(capsys, training(tmp_path), "--log", str(tmp_path / "w.log")) == expected


def test_prompts_of_training_and_inference_are_held_against_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yaml, own = training(tmp_path), tmp_path / "prompt.txt"
    own.write_text("Solve: {problem}\n", encoding="utf-8")
    same = ("--trained-prompt", str(own), "--asked-prompt", str(own))
    assert found(capsys, yaml, *same) == set()
    assert found(capsys, yaml, "--trained-prompt", "alpaca", "--asked-prompt", str(own)) == {"prompts_differ"}
    # What all teams but one did, and what they should have asked with.
    assert found(capsys, yaml, "--vicuna", "--trained-prompt", "alpaca", "--asked-prompt", "alpaca") == {
        "vicuna_wrapper"
    }
    assert found(capsys, yaml, "--vicuna", "--trained-prompt", "alpaca", "--asked-prompt", "alpaca_vicuna") == set()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.yaml"], "nothing.yaml"),
        (["mathllama3"], "did you mean 'math_llama3'"),
        (["math_llama3", "--log", "x"], "--log goes with a MindFormers YAML"),
        (["math_llama3", "machine.bundel=1.1.0"], "machine.bundle"),
        (["choice_internlm", "--bundle", "1.1.0"], "has a bias on wo"),
        (["{yaml}", "train.epochs=3"], "train.epochs=3 is for contests"),
        (["{yaml}", "--cards", "0"], "--cards 0: has to be 1 or more"),
        (["{yaml}", "--card-memory", "lots"], "'lots' is no size of memory, such as 32GB"),
        (["{yaml}", "--trained-prompt", "nobody"], "neither a file nor a name of configs/prompts/"),
        (["{eval}"], "is an evaluation's YAML: name the training's"),
        (["{list}"], "a mapping of settings is expected"),
        (["{other}"], "neither a contest nor a MindFormers YAML"),
        (["--explain", "only_save_strateg"], "did you mean 'only_save_strategy'"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("[1]", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("a: 1", encoding="utf-8")
    files = {"yaml": training(tmp_path), "eval": evaluation(tmp_path)}
    files |= {name: str(tmp_path / f"{name}.yaml") for name in ("list", "other")}
    with pytest.raises(InputError) as refused:
        main([word.format(**files) for word in words])
    assert said in str(refused.value)


def test_validate_tells_of_traps_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(["practice_math"]) == 0
    assert "warning" not in capsys.readouterr().out
    assert validate(["practice_math", "method.dropout=0.5"]) == 0
    assert (
        "warning: high_dropout: training: model.model_config.pet_config.lora_dropout is 0.5" in capsys.readouterr().out
    )


def test_what_is_shown_fits_into_eighty_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([training(tmp_path, only_save_strategy=True, targets="'*.wq'"), *ROWS]) == 3
    assert main(["--list"]) == main(["--explain", "vicuna_wrapper"]) == 0
    shown = [line for line in capsys.readouterr().out.splitlines() if str(tmp_path) not in line]
    assert max(map(len, shown)) <= 80

"""Composing a run's configuration, and what is said of mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import dump, load_contest, load_run, names
from core.errors import InputError


@pytest.mark.parametrize("contest", names("contests"))
def test_every_shipped_contest_composes_and_survives_a_round_trip(contest: str, tmp_path: Path) -> None:
    config = load_contest(contest)
    file = tmp_path / "run.yaml"
    file.write_text(dump(config), encoding="utf-8")
    assert load_run(file) == config


@pytest.mark.parametrize("machine", names("machines"))
@pytest.mark.parametrize("contest", ["math_llama3", "choice_internlm"])
def test_every_contest_fits_every_machine(contest: str, machine: str) -> None:
    assert load_contest(contest, [f"machine={machine}"]).machine.name == machine


def test_settings_lie_over_the_files() -> None:
    config = load_contest("practice_math", ["method.rank=4", "train.learning_rate=1e-4", "model=internlm_7b"])
    assert config.method.rank == 4
    assert config.train.learning_rate == pytest.approx(1e-4)
    assert config.model.vocab_size == 103168
    assert config.method.target_modules == ".*wq|.*wv"


def test_a_path_setting_is_relative_to_where_the_command_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def train(given: str) -> list[tuple[str, float]]:
        parts = load_contest("practice_math", [f"data.train={given}"]).data.train
        return [(part.path, part.weight) for part in parts]

    here = f"{tmp_path}/"
    assert train("mine.jsonl") == [(f"{here}mine.jsonl", 1)]
    assert train("[a.json, {path: d, weight: 0.5}]") == [(f"{here}a.json", 1), (f"{here}d", 0.5)]
    assert train('["d/*.json"]') == [(f"{here}d/*.json", 1)]
    assert train("*.json") == [(f"{here}*.json", 1)]


def test_parts_of_the_corpus_are_written_as_they_are_given(tmp_path: Path) -> None:
    for given, written in (
        ("/a.json", "/a.json"),
        ("[/a.json]", "/a.json"),
        ("[/a.json, {path: /b, weight: 1}]", ["/a.json", "/b"]),
        ("{path: /a.json, weight: 2}", {"path": "/a.json", "weight": 2.0}),
        ("", None),
    ):
        config = load_contest("practice_math", [f"data.train={given}"])
        assert config.model_dump(mode="json")["data"]["train"] == written
        (tmp_path / "run.yaml").write_text(dump(config), encoding="utf-8")
        assert load_run(tmp_path / "run.yaml") == config


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        (["train.epoch=3"], "did you mean 'train.epochs'"),
        (["train=3"], "'train' is a group of settings"),
        (["rank"], "not of the form key=value"),
        (["model=llama3"], "did you mean 'llama3_8b'"),
        (["train.epochs.x=3"], "'train.epochs' holds no others"),
        (["method.target_modules=*.wv"], "is not a regular expression"),
        (["method.target_modules=.*wq | .*wv"], "holds a blank"),
        (["machine.workers=3"], "they must be equal"),
        (["machine.model_parallel=2", "machine.data_parallel=1"], "data-parallel only on the CPU"),
        (["train.learning_rate=nan"], "train.learning_rate"),
        (["model.num_heads=3"], "not a multiple of num_heads"),
        (["prompt=alpca"], "did you mean 'alpaca'"),
        (["data.train=[*.json, a.json]"], "put names with * in quotes"),
        (["data.train={path: a, weight: 0}"], "data.train.0.weight: input should be greater than 0"),
        (["data.train={path: a, wieght: 2}"], "unknown setting 'data.train.0.wieght'"),
        (["data.fields={question: q}"], "data.fields: names no answer: give {question: NAME, answer: NAME}"),
        (["data.fields={frage: q}"], "data.fields.frage"),
        (["data.encoding=gkb"], "data.encoding: is no encoding that Python knows; utf-8, gbk"),
        (["data.quotas={mul:5}"], "a blank must follow each colon, as in {mul: 5}"),
    ],
)
def test_a_mistake_is_named_with_its_mend(settings: list[str], part: str) -> None:
    with pytest.raises(InputError) as caught:
        load_contest("practice_math", settings)
    assert part in str(caught.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        load_contest("practice_math", ["train.epoch=3", "method.rank=0", "data.seq_length=long"])
    for part in ("train.epoch", "method.rank", "data.seq_length"):
        assert part in str(caught.value)


def test_an_unknown_contest_names_those_that_are() -> None:
    with pytest.raises(InputError, match="practice_math"):
        load_contest("practice_maths")


def test_the_contests_rules() -> None:
    stage1, stage2 = load_contest("math_llama3"), load_contest("choice_internlm")
    assert (stage1.rules.f1_threshold, stage1.rules.em_threshold) == (53.88321397598089, 39.75326560232221)
    assert (stage1.rules.ratio_factor, stage2.rules.ratio_factor) == (1, 10)
    assert stage1.rules.checkpoints == stage2.rules.checkpoints == 5
    assert len(stage1.rules.published) == 20
    assert stage2.method.target_modules == ".*wq|.*wk|.*wv|.*wo"
    assert stage2.model.qkv_has_bias
    assert stage2.model.attn_proj_has_bias


def test_a_damaged_run_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("contest: [", encoding="utf-8")
    with pytest.raises(InputError, match="not YAML"):
        load_run(file)


def test_a_list_of_groups_is_given_as_a_whole() -> None:
    row = "{team: one, accuracy: 0.5, ratio: 0.001}"
    assert [found.team for found in load_contest("math_llama3", [f"rules.published=[{row}]"]).rules.published] == [
        "one"
    ]
    with pytest.raises(InputError, match="'rules.published' holds no others"):
        load_contest("math_llama3", ["rules.published.team=one"])

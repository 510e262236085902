"""The steps of a contest: which go together in which order, and what is stale when one is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import load_contest, load_run
from core.errors import InputError
from core.places import ROOT
from core.registry import STEPS
from core.run_folder import RunFolder, new_run
from core.steps import all_needs, dependents, order_faults, step_named, usual_steps

USUAL = ("convert", "train", "merge", "retention", "accuracy", "score", "submission")


def test_a_contest_that_names_no_steps_has_the_usual_ones() -> None:
    assert usual_steps() == USUAL
    assert load_contest("practice_math").steps == USUAL


def test_a_run_that_was_made_before_contests_had_steps_is_read(tmp_path: Path) -> None:
    run = new_run(load_contest("practice_math"), tmp_path)
    text = (run.path / "run.yaml").read_text(encoding="utf-8")
    (tmp_path / "old.yaml").write_text(text.replace("steps:\n" + "".join(f"- {name}\n" for name in USUAL), ""))
    assert "\nsteps:" not in (tmp_path / "old.yaml").read_text(encoding="utf-8")
    assert load_run(tmp_path / "old.yaml") == run.config()


@pytest.mark.parametrize(
    "words",
    [
        "[convert, train, merge, accuracy, retention, score, submission]",
        "[convert, train, merge, accuracy, score]",
        "[convert, train, merge, retention]",
        "[convert]",
    ],
)
def test_steps_may_be_left_out_or_change_places(words: str) -> None:
    assert str(list(load_contest("practice_math", [f"steps={words}"]).steps)).replace("'", "") == words


def test_all_that_is_wrong_with_the_steps_is_said_with_all_else() -> None:
    with pytest.raises(InputError) as caught:
        load_contest("practice_math", ["steps=[convert, trian, convert, retention, score, accuracy]", "train.epoch=3"])
    for part in (
        "unknown step 'trian'; there are: convert, train, merge, retention, accuracy, score, submission",
        "; did you mean 'train'?",
        "step 'convert' is named 2 times",
        "step 'score' needs 'train', which is missing before it",
        "step 'score' needs 'accuracy', which comes after it",
        "did you mean 'train.epochs'",
    ):
        assert part in str(caught.value)


def test_a_step_that_is_used_where_it_is_there_stands_before() -> None:
    assert order_faults(["convert", "train", "merge", "accuracy", "score"]) == []
    late = ["convert", "train", "merge", "accuracy", "score", "retention"]
    assert order_faults(late) == ["step 'score' needs 'retention', which comes after it"]
    assert order_faults([]) != []


def test_submission_comes_after_all_that_is_handed_in() -> None:
    (fault, *others) = order_faults(["convert", "train", "merge", "retention", "accuracy", "submission", "score"])
    assert (fault, others) == ("step 'submission' needs 'score', which comes after it", [])


def test_a_contest_may_train_nothing() -> None:
    assert order_faults(["convert", "accuracy", "submission"]) == []


def test_only_what_reads_a_step_follows_from_it() -> None:
    assert dependents("retention", USUAL) == ["score", "submission"]
    assert dependents("accuracy", USUAL) == ["score", "submission"]
    assert dependents("merge", USUAL) == ["retention", "accuracy", "score", "submission"]
    assert dependents("submission", USUAL) == []
    assert all_needs("accuracy", USUAL) == ["convert", "train", "merge"]


@given(st.sets(st.sampled_from(USUAL)), st.sampled_from(USUAL))
def test_needs_and_dependents_are_the_same_arrows_both_ways(present: set[str], name: str) -> None:
    for other in dependents(name, present):
        assert other in present
        assert name in all_needs(other, present | {name})
    assert name not in dependents(name, present)


def test_adapters_are_merged_in_the_order_of_their_steps_and_nothing_else_is(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for name in ("step_100", "step_20", "step_20.old", "step_"):
        (run.train / "adapters" / name).mkdir(parents=True)
    words = step_named("merge").command(run, load_contest("practice_math"))
    named = words[words.index("--adapter") + 1 : words.index("--out")]
    assert [Path(word).name for word in named] == ["step_20", "step_100"]


@pytest.mark.parametrize("name", STEPS.names())
def test_every_step_says_what_it_is(name: str) -> None:
    """The contract of an entry: others that it reads are steps, its command is there, its sources can be named."""
    step = step_named(name)
    assert step.name == name
    assert step.help[0].islower()
    assert not step.help.endswith(".")
    assert set(step.reads) <= set(STEPS.names())
    assert step.makes
    config = load_contest("practice_math")
    assert all(source.files for source in step.sources(config).values())
    assert (ROOT / step.command(RunFolder(Path("absent")), config)[0]).is_file()

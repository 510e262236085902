"""The steps of a run: what each needs, makes and is decided by, and the command that does it.

This is no command: `core.registry.STEPS` points here, and a new step is one entry more. Contests name those they have,
in their order, under `steps`. What a step imports it imports when it is asked, since every command reads this file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import kit_path, model_tokenizer
from core.errors import InputError
from core.run_folder import RunFolder
from core.schema import DataConfig, RunConfig
from core.step_names import BASE, step_of, step_order
from core.steps import Source, Step

if TYPE_CHECKING:
    from data_convert.readers import Listing
    from finetune.training.plan import Plan


def _source(path: Path) -> Source:
    """Return a configured file, or a folder or pattern with those of its files that the readers of corpora take."""
    if path.is_file():
        return Source(path, (path,))
    from data_convert.readers import list_files

    return _listed(path, lambda: list_files(path))


def _corpus(data: DataConfig) -> Source:
    """Return the training corpus: its file, or the folder that all its files lie below."""
    from data_convert.corpus.inputs import train_files

    return _listed(kit_path(data.train[0].path), lambda: train_files(data))


def _listed(path: Path, listing: Callable[[], Listing]) -> Source:
    try:
        files = tuple(file.path for file in listing().files)
    except InputError:  # nothing is in it any more
        return Source(path, ())
    if files == (path,):
        return Source(path, files if path.is_file() else ())
    if not path.is_dir() or not all(file.is_relative_to(path) for file in files):
        path = Path(os.path.commonpath([file.parent for file in files]))
    return Source(path, tuple(file for file in files if file.is_file()))


def _sources(*settings: str) -> Callable[[RunConfig], Mapping[str, Source]]:
    """Return what finds the files that these settings name; a setting of several files counts them."""

    def found(config: RunConfig) -> dict[str, Source]:
        data = config.data
        paths: dict[str, str | None] = {
            "model.checkpoint": config.model.checkpoint,
            "model.tokenizer.file": config.model.tokenizer.file,
            "data.test": data.test,
            "data.squad": data.squad,
            "data.hand_in": data.hand_in,
            "data.retention_corpus": data.retention_corpus,
        }
        named = {setting: paths[setting] for setting in settings if setting in paths}
        if "data.against" in settings:
            named |= {f"data.against[{number}]": path for number, path in enumerate(data.against)}
        train = {"data.train": _corpus(data)} if "data.train" in settings and data.train else {}
        return {**train, **{key: _source(kit_path(path)) for key, path in named.items() if path}}

    return found


def _of_run(script: str) -> Callable[[RunFolder, RunConfig], list[str]]:
    return lambda run, config: [script, "--run", str(run.path)]


def _evaluate(room: str) -> Callable[[RunFolder, RunConfig], list[str]]:
    """Return what evaluates the base and every checkpoint; in a contest that merges nothing, the base."""
    return lambda run, config: [
        *(f"{room}/run.py", "--run", str(run.path)),
        *("--ckpt", "all" if "merge" in config.steps else BASE),
    ]


def _evaluate_beside(room: str) -> Callable[[RunFolder, RunConfig, str, int | None], list[str]]:
    """Return what evaluates one checkpoint and the base while training goes on."""
    return lambda run, config, name, limit: [
        *(f"{room}/run.py", "--run", str(run.path), "--json", "--ckpt", BASE, name),
        *(["--limit", str(limit)] if limit else []),
    ]


def _merge(run: RunFolder, config: RunConfig) -> list[str]:
    folders = [folder for folder in (run.train / "adapters").glob("step_*") if step_of(folder.name) is not None]
    adapters = sorted(folders, key=lambda folder: step_order(folder.name))
    return merging(run, config, adapters)


def merging(run: RunFolder, config: RunConfig, adapters: Sequence[Path]) -> list[str]:
    """Return what merges some of a run's adapters as its merge step does."""
    return [
        "ckpt_tools/merge.py",
        *("--base", str(kit_path(config.model.checkpoint))),
        *("--adapter", *map(str, adapters)),
        *("--out", str(run.checkpoints)),
        *("--format", config.submission.format),
        *("--dtype", config.submission.dtype),
    ]


def _inputs_are_there(config: RunConfig) -> None:
    from data_convert.corpus.inputs import check_inputs

    check_inputs(config, conversion_only=True)


def _corpora_open(config: RunConfig) -> None:
    from data_convert.corpus.inputs import check_corpora

    check_corpora(config)


def _questions_can_be_read(config: RunConfig) -> None:
    from data_convert.corpus.questions import check_questions

    check_questions(config)


def _tokenizer_loads(config: RunConfig) -> None:
    if kit_path(config.model.tokenizer.file).is_file():  # else that has been said
        model_tokenizer(config.model)


def _steps_are_enough(config: RunConfig) -> None:
    # How many records a corpus file leaves, only conversion knows.
    if not config.data.train:
        _plan(config)


def _plan(config: RunConfig) -> Plan:
    from finetune.training.plan import make_plan

    return make_plan(config, config.data.stated_records, "stated by the contest")


def _written(*purposes: str) -> Callable[[RunConfig], Mapping[str, int]]:
    """Return what looks up the plan's bytes on the disk by what they are for."""
    return lambda config: {purpose: size for purpose, size in _plan(config).disk.items() if purpose in purposes}


def _adapter_can_learn(config: RunConfig) -> None:
    from finetune.training.precision import check_adapter_dtype

    check_adapter_dtype(config)


def _version_can_train(config: RunConfig) -> None:
    from backend.versions import version_of

    version_of(config.machine).refuse(config, kit_path(config.model.checkpoint))


def _memory_is_enough(config: RunConfig) -> None:
    from finetune.training.fitting import check_fits

    check_fits(config)


def _base_fits(config: RunConfig) -> None:
    from finetune.training.train import check_base

    check_base(config)


def _text_can_be_marked(config: RunConfig) -> None:
    from core.text.markup import bare_texts

    data = config.data
    if data.hand_in:
        bare_texts(kit_path(data.hand_in))
    elif data.generator is None:
        raise InputError("data.hand_in is not set: give the text that is to be marked with data.hand_in=PATH")


def _team_has_a_name(config: RunConfig) -> None:
    from submission.package.layout import team_file_name

    team_file_name(config.submission.team)


def _notes_are_there(config: RunConfig) -> None:
    from submission.report.notes import read_notes

    if config.submission.notes:
        read_notes(kit_path(config.submission.notes))


_ASKED = ("model.checkpoint", "model.tokenizer.file")
_CORPORA = ("data.train", "data.retention_corpus")
_ALL = (
    Step(
        name="convert",
        help="read and check the corpus, hold out questions, write MindRecord",
        command=_of_run("data_convert/run.py"),
        makes=("data/*.jsonl", "data/audit.json", "data/mindrecord/*", "data/validation/*"),
        sources=_sources(*_CORPORA, "data.test", "data.squad", "data.against", "model.tokenizer.file"),
        checks=(_inputs_are_there, _corpora_open, _questions_can_be_read, _tokenizer_loads),
        room=_written("mindrecord", "validation"),
        overwrites=True,
        is_done="is already converted; --force converts it again",
    ),
    Step(
        name="train",
        help="train with MindFormers under msrun, save the adapters",
        command=_of_run("finetune/run.py"),
        needs=("convert",),
        makes=("train/*", "results/ratio.json", "results/validation.json"),
        sources=_sources("model.checkpoint"),
        inherits=(*_CORPORA, "model.tokenizer.file"),
        checks=(_base_fits, _steps_are_enough, _adapter_can_learn, _version_can_train, _memory_is_enough),
        room=_written("adapters", "between", "state"),
        listens=True,
        costly=True,
        overwrites=True,
        evaluated=True,
        is_done="is already trained; --force trains it again",
    ),
    Step(
        name="merge",
        help="merge each adapter into the base model",
        command=_merge,
        needs=("train",),
        makes=("checkpoints/step_*",),
        room=_written("merged"),
        sources=_sources("model.checkpoint"),
        repeats=True,
    ),
    Step(
        name="retention",
        help="measure F1 and EM on SQuAD of base and checkpoints, and the gate",
        command=_evaluate("eval_squad"),
        beside=_evaluate_beside("eval_squad"),
        needs=("convert",),
        uses=("merge",),
        makes=("results/squad.json",),
        sources=_sources(*_ASKED),
        inherits=("data.squad",),
        repeats=True,
    ),
    Step(
        name="accuracy",
        help="measure the accuracy of base and checkpoints on the held-out questions",
        command=_evaluate("eval_accuracy"),
        beside=_evaluate_beside("eval_accuracy"),
        needs=("convert",),
        uses=("merge",),
        makes=("results/accuracy.json",),
        sources=_sources(*_ASKED),
        inherits=("data.test",),
        repeats=True,
    ),
    Step(
        name="score",
        help="compute the contest's score of every checkpoint, and the best one",
        command=_of_run("eval_accuracy/score.py"),
        needs=("train", "accuracy"),
        uses=("retention",),
        makes=("results/score.json",),
        repeats=True,
    ),
    Step(
        name="submission",
        help="write report and pictures, pack and check the zip that is handed in",
        command=_of_run("submission/run.py"),
        # What is handed in follows from what the contest's other steps made: the zip of one may hold no weights.
        uses=("train", "merge", "retention", "accuracy", "score", "floors", "mark"),
        makes=("submission/*",),
        checks=(_team_has_a_name, _notes_are_there),
        room=_written("zip"),
        repeats=True,
        overwrites=True,
    ),
    Step(
        name="floors",
        help="measure a dictionary, an HMM and a CRF on the held-out texts: what a model of entities has to beat",
        command=_of_run("eval_accuracy/floors.py"),
        needs=("convert",),
        makes=("results/floors.json", "floors/*"),
        usual=False,
        repeats=True,
    ),
    Step(
        name="mark",
        help="mark the entities in the text that is handed in, with the best checkpoint, and check the file",
        command=_of_run("evaluation/mark.py"),
        needs=("convert",),
        uses=("merge", "accuracy", "score"),
        makes=("results/hand_in.json", "hand_in/*"),
        sources=_sources(*_ASKED, "data.hand_in"),
        checks=(_text_can_be_marked,),
        usual=False,
        repeats=True,
    ),
)
STEPS: Mapping[str, Step] = {step.name: step for step in _ALL}

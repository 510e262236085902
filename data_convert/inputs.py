"""A look at a run's input files before anything expensive starts."""

from __future__ import annotations

from core.config import kit_path
from core.errors import InputError
from core.schema import RunConfig


def check_inputs(config: RunConfig) -> None:
    """Make sure that every file a run needs is there; InputError that names all that are missing."""
    data = config.data
    given = {
        "model.checkpoint": config.model.checkpoint,
        "model.tokenizer.file": config.model.tokenizer.file,
        "data.train": data.train,
        "data.test": data.test,
        "data.squad": data.squad,
        "data.retention_corpus": data.retention_corpus,
    }
    faults = [f"{key}: {path} is not a file" for key, path in given.items() if path and not kit_path(path).is_file()]
    if data.generator is None:
        faults += [f"{key} is not set" for key in ("data.train", "data.squad") if not given[key]]
    if faults:
        raise InputError("; ".join(faults) + " (give each as key=PATH)")

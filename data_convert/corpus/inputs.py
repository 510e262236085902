"""Which files a run's settings name, and a look at them before anything expensive starts."""

from __future__ import annotations

import os
from typing import Any

from core.config import kit_path
from core.errors import InputError
from core.run_folder import LOGS
from core.schema import DataConfig, RunConfig
from data_convert.readers import Listing, Part, list_files
from data_convert.readers.containers import stored
from data_convert.readers.listing import is_there

# Settings that may name a folder of files, or a pattern that finds several.
_FOLDERS = ("data.train", "data.test", "data.against", "data.retention_corpus")


def check_inputs(config: RunConfig, conversion_only: bool = False) -> None:
    """Make sure that every file a run needs is there; InputError that names all that are missing.

    Args:
        config: the run's configuration.
        conversion_only: the base model's weights, which conversion does not read, need not be there.
    """
    from data_convert.mindrecord.index import check_index_path
    from data_convert.rows.mindrecord_shards import shard_path

    data = config.data
    given = [
        ("model.checkpoint", None if conversion_only else config.model.checkpoint),
        ("model.tokenizer.file", config.model.tokenizer.file),
        *(("data.train", part.path) for part in data.train),
        ("data.test", data.test),
        ("data.squad", data.squad),
        ("data.retention_corpus", data.retention_corpus),
        *(("data.against", path) for path in data.against),
    ]
    faults = []
    for key, name in given:
        path = kit_path(name) if name else None
        if path and not (path.is_file() or (key in _FOLDERS and is_there(path))):
            faults.append(f"{key}: {name} is not a file")
        elif path and path.exists() and not os.access(path, os.R_OK):
            faults.append(f"{key}: {name} may not be read by this user")
    if data.generator is None:
        needed = ("data.train", *(["data.squad"] if "retention" in config.steps else []))
        faults += [f"{key} is not set" for key in needed if not getattr(data, key[5:])]
    if faults:
        raise InputError("; ".join(faults) + " (give each as key=PATH)")
    check_index_path(shard_path(LOGS.absolute() / f"{config.contest}-00000000-000000" / "data", data.shards or 1))


def check_corpora(config: RunConfig) -> None:
    """Look into the files of the training and of the retention corpus, as far as telling what each of them is.

    Raises:
        InputError: a folder holds none, a link leads nowhere, a file is a pointer of Git LFS, compressed or unreadable;
            one fault of each corpus.
    """
    data, faults = config.data, []
    retention = [Part(kit_path(data.retention_corpus))] if data.retention_corpus else []
    for parts, form in (([Part(kit_path(part.path)) for part in data.train], data.form), (retention, None)):
        if not parts or not all(is_there(part.path) for part in parts):  # that has been said
            continue
        try:
            for file in list_files(parts, form, named_fields(data)).files:
                stored(file.path, form, named_fields(data), data.encoding)
        except InputError as error:
            faults.append(str(error))
    if faults:
        raise InputError("; ".join(faults))


def train_files(data: DataConfig) -> Listing:
    """Return the files of the training corpus, with their weights.

    Raises:
        InputError: as `readers.list_files`.
    """
    return list_files([Part(kit_path(part.path), part.weight) for part in data.train], data.form, named_fields(data))


def named_fields(data: DataConfig) -> dict[str, str]:
    """Return role -> field, as `data.fields` says."""
    return {str(role): name for role, name in data.fields.items()}


def reading_of(data: DataConfig, task: str) -> dict[str, Any]:
    """Return how a run's settings say that corpora are read, as keywords of `readers.read_corpus`."""
    return {"fields": named_fields(data), "encoding": data.encoding, "free_task": task}

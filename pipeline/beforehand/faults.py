"""All that the steps of a contest find wrong with its configuration, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

from core.errors import InputError
from core.schema import RunConfig
from core.steps import step_named
from pipeline.beforehand.room import check_room

Check = Callable[[RunConfig], object]


def faults(config: RunConfig, here: bool = True) -> list[str]:
    """Return what is wrong, a sentence each, in the order of the contest's steps; nothing is started or written.

    Args:
        config: the configuration.
        here: whether it is to run on this machine now: what it needs of it is looked at too (packages, disk, port).
    """
    checks = [check for name in config.steps for check in step_named(name).checks]
    found = list(_said(config, checks))
    if here:
        found += _said(config, (_packages_are_there, _port_is_free))
        # What is needed of the disk follows from settings that hold.
        found += _said(config, () if found else (check_room,))
    return list(dict.fromkeys(found))


def traps(config: RunConfig) -> tuple[list[str], list[str]]:
    """Return the traps in the trainer's YAML that a contest composes, a sentence each: errors, and warnings."""
    if "train" not in config.steps:
        return [], []
    from finetune.lint import findings
    from finetune.lint.contest import contest_facts

    try:
        found = findings(contest_facts(config))
    except InputError:  # the contest's faults say why
        return [], []
    said: dict[str, list[str]] = {"error": [], "warning": []}
    for one in found:
        said[one.check.level].append(f"{one.check.name}: {one.where} {one.said} ({one.check.remedy})")
    return said["error"], said["warning"]


def _said(config: RunConfig, checks: Iterator[Check] | list[Check] | tuple[Check, ...]) -> Iterator[str]:
    for check in checks:
        try:
            check(config)
        except InputError as error:
            yield str(error)


def _packages_are_there(config: RunConfig) -> None:
    if any(step_named(name).listens for name in config.steps):
        lacking = [package for package in ("mindspore", "mindformers") if find_spec(package) is None]
        if lacking:
            raise InputError(
                f"training needs {' and '.join(lacking)}, which this Python lacks: start with "
                "`bash finetune/run_lora.sh`, or set KIT_PYTHON to a Python that has them"
            )
        from backend.versions import need_bundle

        need_bundle(config.machine)


def _port_is_free(config: RunConfig) -> None:
    port = config.machine.master_port
    if port is not None and any(step_named(name).listens for name in config.steps):
        from backend.host import check_port

        check_port(port)

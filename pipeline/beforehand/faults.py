"""All that the steps of a contest find wrong with its configuration, at once."""

from __future__ import annotations

from core.errors import InputError
from core.schema import RunConfig
from core.steps import step_named


def faults(config: RunConfig, port: bool = True) -> list[str]:
    """Return what is wrong, a sentence each, in the order of the contest's steps; nothing is started or written.

    Args:
        config: the configuration.
        port: whether the port that training listens on must be free now.
    """
    found = []
    for name in config.steps:
        for check in step_named(name).checks:
            try:
                check(config)
            except InputError as error:
                found.append(str(error))
    if port and any(step_named(name).listens for name in config.steps):
        from backend.launch import check_port

        try:
            check_port(config.machine.master_port)
        except InputError as error:
            found.append(str(error))
    return found

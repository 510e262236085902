"""The table at the end of the main job: what its steps measured of each checkpoint."""

from __future__ import annotations

from core.errors import InputError
from core.files import read_json
from core.results import gather, results_of
from core.results import summary as result_lines
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.terminal import laid_out
from submission.package.layout import team_file_name


def summary(run: RunFolder, config: RunConfig) -> str:
    """Return the table of a finished run, with the columns of its steps, and the path of its zip.

    Raises:
        InputError: a result that a step made is missing or damaged.
    """
    made = gather(results_of(config.steps, config.validates), lambda file: read_json(run.path / file))
    if made.problems:
        raise InputError(f"{run.path}: {'; '.join(made.problems)}")
    lines = list(result_lines(made))
    if "submission" in config.steps:
        lines.append(f"zip: {run.submission / team_file_name(config.submission.team)}")
    return laid_out(lines or [f"run: {run.path}"])

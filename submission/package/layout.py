"""Where everything lies inside the zip; the packer and the checker share this."""

from __future__ import annotations

import re
import unicodedata

from core.errors import InputError

SCHEMA = 1
REPORT = "report.md"
REPORT_DATA = "report.json"
PAGE = "report.html"
WORD = "report.docx"
PDF = "report.pdf"
MANIFEST = "manifest.json"
RUN_CONFIG = "configs/run.yaml"
FINETUNE_CONFIG = "configs/finetune.yaml"
ENVIRONMENT = "environment.json"
CHECKPOINTS = "checkpoints/"
CODE = "code/"
LOGS = "logs/"
IMAGES = "images/"
SCREENSHOTS = "screenshots/"
RESULTS = "results/"
AUDIT = f"{LOGS}data/audit.json"
ADAPTERS = f"{LOGS}train/adapters/"

_LONGEST_TEAM = 120  # bytes of UTF-8: file systems take 255 for a name, and others add to it
_FORBIDDEN = '/\\:*?"<>|'
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def archive_name(relative: str) -> str:
    """Return the name inside the zip of a file of the run folder (`relative` to it)."""
    return relative if relative.startswith((RESULTS, CHECKPOINTS)) or relative == ENVIRONMENT else LOGS + relative


def team_file_name(team: str) -> str:
    """Return `<team>.zip`; Chinese and other letters are kept.

    Raises:
        InputError: the name is empty, too long, or would not be a plain file name on every system.
    """
    name = unicodedata.normalize("NFC", team).strip()
    advice = "set submission.team or give --team"
    if not name:
        raise InputError(f"the team has no name: {advice}")
    bad = next((char for char in name if char in _FORBIDDEN or unicodedata.category(char).startswith("C")), None)
    if bad is not None:
        raise InputError(f"team name {name!r}: {bad!r} is not allowed in a file name: {advice}")
    if name.startswith(".") or name.endswith(".") or _RESERVED.fullmatch(name):
        raise InputError(f"team name {name!r} is not a usable file name: {advice}")
    if len(name.encode("utf-8")) > _LONGEST_TEAM:
        raise InputError(f"team name {name[:20]!r}... is longer than {_LONGEST_TEAM} bytes: {advice}")
    return f"{name}.zip"

"""Placeholders for what the zip says nothing of: absolute paths, users, hosts and secrets of the team's machines.

`/home/li/kit/logs/run/train/msrun/worker_0.log` becomes `<run>/train/msrun/worker_0.log`, `hostname: npu-07` becomes
`hostname: <host>`, `/data/li/llama3.ckpt` becomes `<path>/llama3.ckpt`. Four degrees:

- logs: all of it;
- settings and results: paths, addresses and secrets; of names only such as are no words (`npu-07`), for `user` may be
  the name of a prompt, and `USER:` its text;
- predictions, which are evidence: known folders and secrets, no name that may be a word of an answer;
- code, which is to run again: known folders of more than one part, and known secrets.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal
from urllib.parse import quote

from core.machine import FOLDERS, NAMES
from core.secrets import BLANK, blanked, without_known_secrets

# What finds something, and the placeholder of each of its spellings.
_Found = tuple["re.Pattern[str]", dict[str, str]]
_NOTHING = re.compile(r"(?!)")
Degree = Literal["logs", "settings", "evidence", "code"]

MEANINGS = {
    **{f"<{name}>": meaning for name, meaning in FOLDERS.items()},
    **{f"<{name}>": meaning for name, meaning in NAMES.items()},
    "<path>": "any other absolute path, but for its last part",
    BLANK: "a key, a password or another secret",
}
# The system's own folders are the same everywhere, and say nothing.
_SYSTEM = {"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "run", "sbin", "sys", "usr"}
# Where people put their files; with the folders that are there on this machine, they tell a path from a fraction.
_TOP = {"cache", "content", "data", "disk", "export", "gpfs", "hdd", "home", "lustre", "media", "mnt", "nas", "nfs"}
_TOP |= {"opt", "private", "public", "root", "scratch", "share", "shared", "srv", "ssd", "storage", "tmp", "user"}
_TOP |= {"users", "Users", "var", "Volumes", "work", "workdir", "workspace", "autodl-tmp", "autodl-fs"}
# Names that are words of any log; no machine is found by them.
_WORDS = {"root", "user", "admin", "test", "guest", "nobody", "ubuntu", "work", "data", "train", "base", "step", "math"}
_WORDS |= {"model", "choice", "python", "mindspore", "ascend", "huawei", "practice", "worker", "scheduler", "master"}
_WORDS |= {"localhost", "localdomain", "host", "server", "node", "local", "run", "kit", "logs", "home", "path"}
_HOSTED = re.compile(
    r"(?i)\b((?:host|node)[ _-]?(?:name|ip))\b(['\"]?\s*[:=]\s*['\"]?)(?!localhost\b|127\.|0\.0\.0\.0|<)([\w.-]*\w)"
)
_USED_BY = re.compile(r"(?i)\b(user[ _-]?name|logname|login[ _-]?name)\b(['\"]?\s*[:=]\s*['\"]?)(?!<)([\w.-]*\w)")
# `li@npu-07:~$`, `scp li@npu-07:/data/x`, of which the path has been replaced before; `~li/x`, `C:\\Users\\li`.
_PROMPT = re.compile(r"(?<![\w.@-])[\w.-]{1,64}@[\w.-]{1,255}(?=:[~/<])")
_HOME = re.compile(r"(?<![\w~/.-])~[A-Za-z_][\w.-]{0,63}(?=/)|(?i:\b[a-z]:[\\/]+users[\\/]+[^\\/\s'\"]+)")
_ADDRESS = re.compile(
    r"(?<![\d.])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}"
    r"|169\.254(?:\.\d{1,3}){2}|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])(?:\.\d{1,3}){2})(?![\d.])"
    r"|(?<![\w:])(?i:fe[89ab][0-9a-f]|f[cd][0-9a-f]{2})(?::[0-9a-fA-F]{0,4}){2,7}(?:%\w{1,16})?(?![\w:])"
    r"|(?<![\w:])(?=[\d:]{0,16}[a-fA-F])[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}(?![\w:])"
)


class Placeholders:
    """Replaces, and counts what was replaced.

    Args:
        machines: the names of the machines, by placeholder (`core.machine.this_machine`).
    """

    def __init__(self, machines: Iterable[Mapping[str, Sequence[str]]]) -> None:
        self.counts: Counter[str] = Counter()
        folders: dict[str, str] = {}
        names: dict[str, str] = {}
        for machine in machines:
            for kind in FOLDERS:
                folders |= {word.rstrip("/"): f"<{kind}>" for word in reversed(machine.get(kind, ()))}
            for kind in NAMES:
                names |= {word: f"<{kind}>" for word in machine.get(kind, ()) if _is_telling(word)}
        folders = {path: name for path, name in folders.items() if path.startswith("/")}
        deep = _folders({path: name for path, name in folders.items() if path.count("/") > 1})
        whole = _folders(folders)
        self._known: dict[Degree, _Found] = {"logs": whole, "settings": whole, "evidence": deep, "code": deep}
        self._names = _names(names)
        self._odd_names = _names({word: name for word, name in names.items() if _is_odd(word)})

    def text(self, text: str, degree: Degree = "logs") -> str:
        """Return a text without what is not handed in."""
        safe = without_known_secrets(text) if degree == "code" else blanked(text)
        self.counts[BLANK] += max(0, safe.count(BLANK) - text.count(BLANK))
        known, meant = self._known[degree]
        safe = known.sub(lambda match: self._counted(meant[_plain(match[0])]), safe)
        if degree in ("evidence", "code"):
            return safe
        safe = _other_paths().sub(lambda match: self._counted("<path>") + _last(match[0]), safe)
        safe = _ADDRESS.sub(lambda match: self._counted("<host>"), safe)
        if degree == "logs":
            safe = _PROMPT.sub(lambda match: f"{self._counted('<user>')}@{self._counted('<host>')}", safe)
            safe = _HOME.sub(lambda match: self._counted("<home>"), safe)
            safe = _HOSTED.sub(lambda match: match[1] + match[2] + self._counted("<host>"), safe)
            safe = _USED_BY.sub(lambda match: match[1] + match[2] + self._counted("<user>"), safe)
        named, called = self._names if degree == "logs" else self._odd_names
        return named.sub(lambda match: self._counted(called[match[0].casefold()]), safe)

    def value(self, value: Any, degree: Degree = "logs") -> Any:
        """Return a JSON or YAML value with `text` done to every text and name in it."""
        if isinstance(value, str):
            return self.text(value, degree)
        if isinstance(value, Mapping):
            return {self.value(key, degree): self.value(item, degree) for key, item in value.items()}
        return [self.value(item, degree) for item in value] if isinstance(value, list) else value

    def listed(self) -> list[dict[str, Any]]:
        """Return what was replaced, as the zip says it: placeholder, meaning, how often."""
        found = sorted((name, count) for name, count in self.counts.items() if count)
        return [{"placeholder": name, "stands_for": MEANINGS[name], "times": count} for name, count in found]

    def _counted(self, name: str) -> str:
        self.counts[name] += 1
        return name


def _is_telling(word: str) -> bool:
    return len(word) > 2 and word.casefold() not in _WORDS and not word.isdecimal()


def _is_odd(word: str) -> bool:
    return len(word) > 3 and not word.isalpha()


def _folders(folders: Mapping[str, str]) -> _Found:
    """Return what finds paths and those below them, however they are spelt, and placeholder by plain spelling."""
    spelt = {spelling: name for path, name in folders.items() for spelling in _spellings(path)}
    words = sorted(spelt, key=lambda word: (-len(word), word))
    # "mindformers/home/li/run" is a log's own way of writing; the path of one part has to stand by itself.
    parts = [(r"(?<![\w./~-])" if word.count("/") < 2 and "%2F" not in word else "") + _loose(word) for word in words]
    pattern = re.compile(f"(?:{'|'.join(parts)})(?![\\w-])") if parts else _NOTHING
    return pattern, {_plain(word): name for word, name in spelt.items()}


def _spellings(path: str) -> set[str]:
    return {path, json.dumps(path)[1:-1], json.dumps(path, ensure_ascii=False)[1:-1], quote(path, safe="")}


def _loose(word: str) -> str:
    """Return a pattern for a path; YAML breaks long lines at blanks."""
    return r"\s+".join(re.escape(part) for part in word.split(" "))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _names(names: Mapping[str, str]) -> _Found:
    words = sorted(names, key=lambda word: (-len(word), word))
    parts = "|".join(map(re.escape, words))
    found = re.compile(rf"(?<![\w-])(?:{parts})(?![\w-])", re.IGNORECASE) if parts else _NOTHING
    return found, {word.casefold(): name for word, name in names.items()}


@cache
def _other_paths() -> re.Pattern[str]:
    """Return what finds any other absolute path of two parts or more."""
    try:
        there = {entry.name for entry in os.scandir("/") if entry.is_dir()}
    except OSError:
        there = set()
    tops = "|".join(sorted(map(re.escape, (_TOP | there) - _SYSTEM), key=lambda word: (-len(word), word)))
    return re.compile(rf"(?:(?<![\w.~<>/])|(?<=file://))/(?:{tops})\d{{0,2}}(?:/[^\s/'\"`,;:()\[\]{{}}<>|*?\\=]+)+/?")


def _last(path: str) -> str:
    return "/" + path.rstrip("/").rsplit("/", 1)[-1]

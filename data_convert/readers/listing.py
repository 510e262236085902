"""Which files a corpus consists of: those that are named, those that a pattern finds, and those of folders.

Links are followed, into folders too. A file that several ways lead to is read once, by the way without a link if there
is one; so links in a circle end where they begin. What is left out is listed with its reason.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from glob import has_magic
from pathlib import Path

from core.errors import InputError
from core.streams import printable

HIDDEN = "hidden, for its name begins with a dot"


@dataclass(frozen=True)
class Part:
    """A part of a corpus as it is named: a file, a folder or a pattern (`d/*.json`, `d/**/*.csv`), and its weight."""

    path: Path
    weight: float = 1.0


@dataclass(frozen=True)
class CorpusFile:
    """A file of a corpus.

    Attributes:
        path: the file.
        prefix: what goes before a record's number in its id; "" where the corpus is one file that is named.
        weight: how often each of its records is taken.
        found: in a folder that is named, and not named itself.
    """

    path: Path
    prefix: str = ""
    weight: float = 1.0
    found: bool = False


@dataclass(frozen=True)
class LeftOut:
    """What of a folder is not read, and why not."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class Listing:
    """The files of a corpus, in the order in which they are read, and what is left out."""

    files: tuple[CorpusFile, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def name(self) -> str:
        """What messages about all of them begin with: the file, or the first of them and how many more there are."""
        more = f" and {len(self.files) - 1} more files" if len(self.files) > 1 else ""
        return f"{self.files[0].path}{more}"

    @property
    def bytes(self) -> int:
        """Their size, all together."""
        return sum(size_of(file.path) for file in self.files)


def size_of(path: Path) -> int:
    """Return the bytes of a file; InputError where it is missing."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def left_out_line(left_out: Sequence[LeftOut]) -> str:
    """Return what is said of files that are not read: the first three, and how many there are."""
    more = f"; and {len(left_out) - 3} more" if len(left_out) > 3 else ""
    return "not read: " + "; ".join(map(str, left_out[:3])) + more


def named_parts(path: Path | Sequence[Path | Part]) -> list[Part]:
    """Return one path, or several, as parts of a corpus."""
    given = [path] if isinstance(path, Path) else path
    return [one if isinstance(one, Part) else Part(one) for one in given]


def expanded(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts with the files and folders that patterns find in their places.

    Raises:
        InputError: a pattern finds nothing.
    """
    for part in parts:
        if not has_magic(str(part.path)) or os.path.lexists(part.path):
            yield part
            continue
        found = _matching(part.path)
        if not found:
            raise InputError(f"{part.path}: no file or folder is named so")
        yield from (Part(path, part.weight) for path in found)


def is_there(path: Path) -> bool:
    """Tell whether a path is a file or a folder, or a pattern that finds some."""
    try:
        return all(part.path.exists() for part in expanded([Part(path)]))
    except InputError:
        return False


def _matching(pattern: Path) -> list[Path]:
    """Return what a pattern finds, by name; `**` stands for any number of folders, and hidden names are left out."""
    words = pattern.parts
    first = next(at for at, word in enumerate(words) if has_magic(word))
    base, rest = Path(*words[:first]), words[first:]
    if "**" in rest:
        path_of = re.compile("".join(_regex(word, at == len(rest) - 1) for at, word in enumerate(rest)))
        files = walk(base)[0] if base.is_dir() else []
        return [file for file in files if path_of.fullmatch(file.relative_to(base).as_posix())]
    return sorted(path for path in base.glob("/".join(rest)) if not _is_hidden(path.relative_to(base)))


def _regex(word: str, last: bool) -> str:
    if word == "**":
        return r".*" if last else r"(?:[^/]+/)*"
    inside = translate(word).removeprefix("(?s:").removesuffix(")\\Z").replace(".*", "[^/]*")
    return inside if last else f"{inside}/"


def _is_hidden(relative: Path) -> bool:
    # What begins with a dot was left by an editor or an unpacker, and is no corpus.
    return any(word.startswith(".") for word in relative.parts)


def walk(folder: Path) -> tuple[list[Path], list[LeftOut]]:
    """Return all files of a folder and its subfolders by name, linked ones too, and what is left out.

    Raises:
        InputError: the folder or a folder in it cannot be read.
    """
    walker = _Walker(folder)
    walker.run()
    return sorted(walker.files), walker.left_out


class _Walker:
    """Goes through a folder: first all that is no link, then linked folders, then linked files."""

    def __init__(self, folder: Path) -> None:
        self.files: list[Path] = []
        self.left_out: list[LeftOut] = []
        self._root = os.path.realpath(folder)
        self._folders, self._links, self._linked = deque([folder]), deque[Path](), deque[Path]()
        self._seen: dict[str, Path] = {}

    def run(self) -> None:
        """Go through everything."""
        while self._folders or self._links or self._linked:
            if self._folders:
                self._enter(self._folders.popleft())
            elif self._links:
                self._follow(self._links.popleft())
            else:
                self._add(self._linked.popleft())

    def _enter(self, folder: Path) -> None:
        if not self._is_new(folder):
            return
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from error
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith("."):
                self.left_out.append(LeftOut(path, HIDDEN))
                continue
            if entry.is_symlink():
                self._links.append(path)
            elif entry.is_dir():
                self._folders.append(path)
            elif entry.is_file():
                self._add(path)
            else:
                self.left_out.append(LeftOut(path, "a pipe, socket or device"))

    def _follow(self, link: Path) -> None:
        try:
            mode = link.stat().st_mode
        except OSError as error:
            self.left_out.append(LeftOut(link, f"a link that leads nowhere ({error.strerror or error})"))
            return
        target = os.path.realpath(link)
        if stat.S_ISREG(mode):
            self._linked.append(link)
        elif not stat.S_ISDIR(mode):
            self.left_out.append(LeftOut(link, "a link to a pipe, socket or device"))
        elif (self._root + os.sep).startswith(target.rstrip(os.sep) + os.sep):
            self.left_out.append(LeftOut(link, f"a link back to {target}, which this folder is in"))
        else:
            self._folders.append(link)

    def _add(self, file: Path) -> None:
        if self._is_new(file):
            self.files.append(file)

    def _is_new(self, path: Path) -> bool:
        real = os.path.realpath(path)
        known = self._seen.setdefault(real, path)
        if known is not path:
            self.left_out.append(LeftOut(path, f"a link to {real}, which is read already"))
        return known is path


def holds_corpus(path: Path, suffixes: Collection[str]) -> bool:
    """Tell whether a path is a file that ends as files of a corpus do, or a folder with one."""
    names = (name for _, _, found in os.walk(path) for name in found) if path.is_dir() else (path.name,)
    return any(Path(name).suffix.lower() in suffixes for name in names)


def chosen(found: Sequence[Path], suffixes: Collection[str]) -> tuple[list[Path], list[LeftOut]]:
    """Return those files of a folder that end as files of a corpus do, and the others, counted by their endings."""
    kept = [path for path in found if path.suffix.lower() in suffixes]
    others: dict[str, list[Path]] = {}
    for path in found:
        if path.suffix.lower() not in suffixes:
            others.setdefault(path.suffix.lower() or path.name, []).append(path)
    return kept, [
        LeftOut(paths[0], "no format reads such files" + (f" ({len(paths)} of them)" if len(paths) > 1 else ""))
        for paths in others.values()
    ]


def with_prefixes(files: Sequence[CorpusFile], named: Sequence[Path]) -> list[CorpusFile]:
    """Return files with the prefixes of their records' ids: their paths below what all that is named has in common.

    The ending is left out, but where two files differ by it alone.
    """
    if len(files) == 1 and not files[0].found and len(named) == 1:
        return list(files)
    tops = [str(path if path.is_dir() else path.parent) for path in named]
    common = os.path.commonpath([os.path.abspath(top) for top in tops])
    paths = [Path(os.path.relpath(file.path.absolute(), common)) for file in files]
    stems = Counter(path.with_suffix("") for path in paths)
    names = [path if stems[path.with_suffix("")] > 1 else path.with_suffix("") for path in paths]
    return [
        CorpusFile(file.path, f"{printable(name.as_posix())}/", file.weight, file.found)
        for file, name in zip(files, names, strict=True)
    ]


def distinct(files: Iterable[CorpusFile]) -> tuple[list[CorpusFile], list[LeftOut]]:
    """Return each file once, and what was left out as read already.

    Raises:
        InputError: a file is named twice with different weights.
    """
    seen: dict[str, CorpusFile] = {}
    left_out = []
    for file in files:
        known = seen.setdefault(os.path.realpath(file.path), file)
        if known is file:
            continue
        if known.weight != file.weight:
            raise InputError(
                f"{file.path}: is in the corpus twice, with weight {known.weight:g} and with weight {file.weight:g}; "
                "name it once"
            )
        left_out.append(LeftOut(file.path, "is named twice and read once"))
    return list(seen.values()), left_out

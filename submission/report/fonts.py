"""Fonts for the screenshots: those of the system that can draw a terminal's text, Chinese included."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

# In order of preference: a monospaced font for Latin text, then one with Chinese characters.
_LATIN = (
    "DejaVuSansMono.ttf",
    "NotoSansMono-Regular.ttf",
    "LiberationMono-Regular.ttf",
    "UbuntuMono-R.ttf",
    "Menlo.ttc",
    "consola.ttf",
)
_CJK = (
    "NotoSansMonoCJKsc-Regular.otf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "NotoSansCJKtc-Regular.otf",
    "DroidSansFallbackFull.ttf",
    "PingFang.ttc",
    "msyh.ttc",
    "simhei.ttf",
)
# No font has a glyph for this non-character: what is drawn for it is what is drawn for anything missing.
_NO_CHARACTER = "\U0010fffe"


class FontStack:
    """Fonts tried in turn for each character, on one grid of cells.

    Attributes:
        cell: (width, height) in pixels of one cell; a Chinese character takes two cells.
    """

    def __init__(self, fonts: Sequence[Font]) -> None:
        """Take the fonts in their order of preference; the first one decides the size of a cell."""
        self._fonts = tuple(fonts)
        self._blank = {id(font): _ink(font, _NO_CHARACTER) for font in fonts}
        self._chosen: dict[str, Font | None] = {}
        box = fonts[0].getbbox("Mg|")
        width = max(int(round(fonts[0].getlength("M"))), 1)
        self.cell = (width, int(box[3]) + 4)

    def pick(self, character: str) -> Font | None:
        """Return the first font that can draw a character, None where none can."""
        if character not in self._chosen:
            self._chosen[character] = next((font for font in self._fonts if self._draws(font, character)), None)
        return self._chosen[character]

    def _draws(self, font: Font, character: str) -> bool:
        if character == " ":
            return True
        ink = _ink(font, character)
        return ink is not None and any(ink[1]) and ink != self._blank[id(font)]


def _ink(font: Font, character: str) -> tuple[tuple[int, int], bytes] | None:
    """Return size and pixels of a drawn character; None where the font refuses it."""
    try:
        mask = font.getmask(character)
    except (UnicodeEncodeError, OSError, ValueError):
        return None
    return mask.size, bytes(mask)


def load_fonts(size: int = 15) -> FontStack:
    """Return the fonts of this system at `size` pixels; Pillow's own font where there is no other."""
    from PIL import ImageFont

    fonts: list[Font] = []
    for names in (_LATIN, _CJK):
        for path in _found(names):
            try:
                fonts.append(ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC))
            except (OSError, ImportError):  # a damaged font, or a Pillow without FreeType
                continue
            break
    return FontStack(fonts or [ImageFont.load_default()])


def _found(names: Iterable[str]) -> list[Path]:
    files = _font_files()
    return [files[name.lower()] for name in names if name.lower() in files]


@lru_cache(maxsize=1)
def _font_files() -> dict[str, Path]:
    """Return file name in lower case -> path of the fonts that are installed."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for place, _, names in os.walk(folder):
            for name in names:
                if name.lower().endswith((".ttf", ".ttc", ".otf")):
                    found.setdefault(name.lower(), Path(place) / name)
    return found


def _folders() -> list[Path]:
    home = Path.home()
    folders = [home / ".fonts", home / ".local/share/fonts"]
    if sys.platform == "darwin":
        folders += [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    elif sys.platform == "win32":
        folders.append(Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts")
    else:
        folders += [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    # Packages bring fonts along; they are found without being imported: DejaVu Sans Mono, and Noto Sans CJK.
    for package, inside in (("matplotlib", "mpl-data/fonts/ttf"), ("cvttf_NotoSansCJK_Regular", "")):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin:
            folders.append(Path(spec.origin).parent / inside)
    return folders


def chinese_file() -> Path | None:
    """Return the file of a font with Chinese characters; None where there is none."""
    return next(iter(_found(_CJK)), None)


@lru_cache(maxsize=1)
def chinese_font() -> str:
    """Return the name under which plots can use a font with Chinese characters; empty where there is none."""
    from matplotlib import font_manager

    for path in _found(_CJK):
        try:
            font_manager.fontManager.addfont(str(path))
            return str(font_manager.FontProperties(fname=str(path)).get_name())
        except (OSError, RuntimeError):  # a font that matplotlib cannot read
            continue
    return ""

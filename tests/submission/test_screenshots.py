"""Screenshots: drawn from real lines, which they name; nothing vanishes that a font lacks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFont
from run_folder import TRAINABLE

from core.files import sha256_file, write_text
from submission.package.run_facts import read_run
from submission.report.excerpts import Excerpt, find_excerpt
from submission.report.fonts import FontStack, load_fonts
from submission.report.screenshots import SHOTS, excerpts_of, write_screenshots
from submission.report.terminal import cells, render, shortened, wrapped

INK = (1, 2, 3)


def _text(row: list[tuple[str, int]]) -> str:
    return "".join(character for character, _ in row)


def test_each_names_its_log_lines_and_hash(run: Path, tmp_path: Path) -> None:
    written = write_screenshots(read_run(run), tmp_path / "shots")
    assert tuple(written) == tuple(shot.kind for shot in SHOTS)
    with Image.open(written["ratio"]) as image:
        origins = json.loads(image.info["sources"])
    log = "train/msrun/worker_0.log"
    assert origins[0] == {"file": log, "lines": "1", "sha256": sha256_file(run / log)}
    assert origins[1]["file"] == "results/ratio.json"


def test_the_ratio_line_is_the_real_one(run: Path) -> None:
    excerpts = excerpts_of(read_run(run), SHOTS[0])
    assert excerpts[0].lines[0][1].endswith(f"Network Parameters: {TRAINABLE}.")


def test_the_training_lines_are_mindformers_own(run: Path) -> None:
    excerpt = excerpts_of(read_run(run), SHOTS[1])[0]
    assert (excerpt.file, excerpt.numbers) == ("train/msrun/worker_0.log", "3-4")
    assert "loss:[6.417598/8.857086]" in excerpt.lines[0][1]


def test_evaluation_lines_come_from_a_log_where_there_is_one(run: Path) -> None:
    last = "F1 score: 59.87023775108988, Em score: 44.17029511369134, total_count: 2067"
    write_text(run / "eval" / "squad.log", f"start\n{last}\n")
    excerpt = excerpts_of(read_run(run), SHOTS[2])[0]
    assert (excerpt.file, excerpt.lines) == ("eval/squad.log", ((2, last),))


def test_the_same_run_gives_the_same_pictures(run: Path, tmp_path: Path) -> None:
    facts = read_run(run)
    once, again = (write_screenshots(facts, tmp_path / name) for name in ("a", "b"))
    assert [path.read_bytes() for path in once.values()] == [path.read_bytes() for path in again.values()]


def test_an_excerpt_keeps_both_ends_and_hashes_everything(tmp_path: Path) -> None:
    body = b"".join(b"loss: %d\r\n" % number for number in range(1, 101)) + b"loss: \xff last"
    (tmp_path / "a.log").write_bytes(body)
    (tmp_path / "empty.log").write_bytes(b"")
    paths = [tmp_path / "empty.log", tmp_path / "a.log"]
    excerpt = find_excerpt(tmp_path, paths, "LOSS", first=2, last=2)
    assert excerpt is not None
    assert excerpt.lines == ((1, "loss: 1"), (2, "loss: 2"), (100, "loss: 100"), (101, "loss: \\xff last"))
    assert excerpt.numbers == "1-2, 100-101"
    assert (excerpt.total, excerpt.sha256) == (101, hashlib.sha256(body).hexdigest())
    assert find_excerpt(tmp_path, paths, "accuracy", 1, 1) is None


def test_a_line_of_many_megabytes_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"loss: 1 " + b"x" * (3 << 20) + b"\nloss: 2\n")
    excerpt = find_excerpt(tmp_path, [tmp_path / "a.log"], "loss", 5, 5)
    assert excerpt is not None
    assert [number for number, _ in excerpt.lines] == [1, 2]
    assert excerpt.total == 2


def test_what_no_font_draws_is_escaped() -> None:
    dejavu = next((font for font in load_fonts()._fonts if isinstance(font, ImageFont.FreeTypeFont)), None)
    if dejavu is None or "DejaVu" not in str(dejavu.getname()[0]):
        pytest.skip("needs DejaVu Sans Mono alone")
    fonts = FontStack([dejavu])
    assert _text(cells("计算 F1", fonts)) == "\\u8ba1\\u7b97 F1"
    assert _text(cells("a\x07\x1b[31mred\x1b[0m\u202e\U0001f600", fonts)).startswith("a\\x07red\\u202e")


def test_chinese_takes_two_cells_where_a_font_draws_it() -> None:
    fonts = load_fonts()
    row = cells("计", fonts)
    assert row in ([("计", 2)], [(letter, 1) for letter in "\\u8ba1"])


def test_pillows_own_font_is_enough() -> None:
    fonts = FontStack([ImageFont.load_default()])
    image = render("标题", [Excerpt("a.log", "0" * 64, 1, ((1, "loss: 1 计算"),))], fonts)
    assert image.getbbox() is not None


def test_different_lines_give_different_pictures() -> None:
    fonts = load_fonts()
    one, other = (render("t", [Excerpt("a.log", "0" * 64, 1, ((1, text),))], fonts) for text in ("F1 61", "F1 67"))
    assert ImageChops.difference(one, other).getbbox() is not None


def test_long_lines_are_wrapped_and_say_what_is_cut() -> None:
    row = [(("x", 1), INK)] * 250
    assert [len(part) for part in wrapped(row, 100)] == [100, 100, 50]
    assert [len(part) for part in wrapped([(("计", 2), INK)] * 3, 5)] == [2, 1]
    assert shortened("x" * 2000, 100) == "x" * 100 + " ... (1900 more characters)"

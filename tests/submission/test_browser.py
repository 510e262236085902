"""The page in a real browser: no message on its console, no request to anywhere, light, dark and on a phone."""

from __future__ import annotations

import json
import shutil
import subprocess
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from submission.package.run_facts import read_run
from submission.report.book import Order
from submission.report.html import as_html
from submission.report.plots import read_drawing, write_plots
from submission.report.report import make_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# Where the browser itself asks for the time, its dictionaries and its components.
BROWSERS_OWN = ("google.com", "gvt1.com", "googleapis.com", "gstatic.com")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian's package chromium)"),
]


@pytest.fixture
def page(run: Path, tmp_path: Path) -> Path:
    facts = read_run(run)
    plots = write_plots(facts, tmp_path / "images", "zh")
    order = Order("梦之队", "zh", "full", plots={kind: f"images/{path.name}" for kind, path in plots.items()})
    drawings = {kind: read_drawing(path, kind) for kind, path in plots.items()}
    file = tmp_path / "report.html"
    file.write_text(as_html(make_report(facts, order), {}, drawings), encoding="utf-8")
    return file


def test_nothing_is_loaded_and_nothing_is_said(page: Path, tmp_path: Path) -> None:
    shot, log = tmp_path / "shot.png", tmp_path / "net.json"
    done = _browse(page, tmp_path, f"--screenshot={shot}", f"--log-net-log={log}", "--window-size=390,1200")
    assert shot.stat().st_size > 20_000
    assert [line for line in done.splitlines() if "CONSOLE" in line] == []
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = {event["params"]["url"] for event in events if "url" in event.get("params", {})}
    hosts = {urlsplit(url).hostname or "" for url in asked if url.startswith(("http", "ws"))}
    assert [host for host in hosts if not host.endswith(BROWSERS_OWN)] == []


def test_a_phone_need_not_scroll_sideways(page: Path, tmp_path: Path) -> None:
    """A page of the browser's own measures the report in a narrow frame."""
    frame = tmp_path / "frame.html"
    inside = f'<iframe width=390 height=900 srcdoc="{escape(page.read_text(encoding="utf-8"))}"></iframe>'
    measure = "const seen = frames[0].document.documentElement; "
    measure += "document.title = seen.scrollWidth + ' of ' + seen.clientWidth"
    frame.write_text(f"{inside}<script>onload = () => {{ {measure} }}</script>", encoding="utf-8")
    dom = _browse(frame, tmp_path, "--dump-dom")
    widths = dom.partition("<title>")[2].partition("</title>")[0].split(" of ")
    assert widths[0] == widths[1], dom[:300]


def _browse(file: Path, folder: Path, *options: str) -> str:
    assert CHROMIUM is not None
    common = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--disable-background-networking",
    ]
    command = [CHROMIUM, *common, f"--user-data-dir={folder / 'profile'}", *options, file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout + done.stderr

"""What jobs of one host share: ports that no two of them get, and turns where memory is short."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from backend import host
from backend.environment import worker_environment
from backend.host import PORTS, at_work, check_port, free_memory, reserved_port, room
from core.config import load_contest
from core.errors import InputError
from core.places import ROOT

MACHINE = load_contest("practice_math").machine
SET = MACHINE.model_copy(update={"master_port": 23456})


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real jobs on this machine, of other tests or people, be no part of these tests."""
    monkeypatch.setattr(host, "_NAMES", f"test-{os.getpid()}-{time.monotonic_ns()}")


@contextmanager
def other(code: str) -> Iterator[subprocess.Popen[str]]:
    """Run code in a process of its own that has imported the module's names; what it prints can be read."""
    begin = (
        f"from backend import host\nhost._NAMES = {host._NAMES!r}\nfrom backend.host import *\n"
        "from core.config import load_contest\nimport sys, time\n"
        "machine = load_contest('practice_math').machine\n"
        "say = lambda word: print(word, flush=True)\n"
    )
    words = [sys.executable, "-c", begin + code]
    pipe = subprocess.PIPE
    process = subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_no_two_jobs_get_the_same_port() -> None:
    with ExitStack() as stack:
        ports = [stack.enter_context(reserved_port(MACHINE)) for _ in range(20)]
    assert len(set(ports)) == 20
    assert set(ports) < set(PORTS)


def test_a_port_that_something_else_listens_on_is_passed_over() -> None:
    with reserved_port(MACHINE) as port:
        pass
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with reserved_port(MACHINE) as another:
            assert another != port
        with pytest.raises(InputError, match=f"port {port} is in use on this machine"):
            check_port(port)


@pytest.mark.slow
def test_another_process_holds_its_port_until_it_ends_however_it_ends() -> None:
    with other("with reserved_port(machine) as port:\n    say(port)\n    time.sleep(60)") as process:
        port = int(line(process))
        fixed = MACHINE.model_copy(update={"master_port": port})
        with pytest.raises(InputError, match="in use on this machine"), reserved_port(fixed):
            pass
        with reserved_port(MACHINE) as mine:
            assert mine != port
        process.send_signal(signal.SIGKILL)
        process.wait()
        with reserved_port(fixed) as mine:
            assert mine == port


def test_a_port_that_is_set_is_the_one_that_is_taken() -> None:
    with reserved_port(SET) as port:
        assert port == 23456
        with pytest.raises(InputError, match="port 23456 is in use"), reserved_port(SET):
            pass
    check_port(23456)


@pytest.mark.slow
def test_a_job_starts_when_there_is_memory_for_it_beside_those_that_still_take_theirs() -> None:
    holding = (
        "with room({}, 'train') as started:\n    say('in')\n    input()\n    started()\n    say('up')\n    input()"
    )
    large, small = (holding.format(int(free_memory() * share)) for share in (0.6, 0.01))
    with other(large) as first, other("input()\n" + large) as second, other("input()\n" + small) as third:
        assert line(first) == "in"
        told(third)
        assert line(third) == "in"
        told(second)
        time.sleep(1)
        assert second.poll() is None
        assert at_work() == 2
        told(first)
        assert (line(first), line(second)) == ("up", "in")
        assert at_work() == 3


def told(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_names_of_others_that_are_none_of_the_kit_s_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_POLL_SECONDS", 0.01)
    with ExitStack() as stack:
        for name in ("starting/", "starting/x/1", "starting/-5/1", f"starting/{'9' * 60}/1", "working/ /", "starting"):
            held = host._held(name)
            assert held is not None
            stack.enter_context(held)
        with room(1, "train") as started:
            started()


def test_a_job_waits_for_memory_as_long_as_another_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([10, 10, 200])
    monkeypatch.setattr(host, "free_memory", lambda: next(free))
    monkeypatch.setattr(host, "_POLL_SECONDS", 0.01)
    with room(1, "evaluation") as started:
        started()
        with room(100, "train"):
            assert next(free, None) is None
            assert at_work() == 2


def test_alone_a_job_does_not_wait_for_memory_that_will_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "free_memory", lambda: 0)
    assert at_work() == 0
    with room(1 << 60, "train"):
        pass


def test_memory_is_counted_in_bytes_and_a_container_s_limit_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 1 << 20 < free_memory() < 1 << 50
    files = {"/proc/meminfo": ["MemTotal: 9 kB", "MemAvailable:  4000 kB"]}
    monkeypatch.setattr(host, "_lines", lambda file: files.get(file, []))
    assert free_memory() == 4000 * 1024
    files["/sys/fs/cgroup/memory.max"] = ["1000000"]
    files["/sys/fs/cgroup/memory.current"] = ["900000"]
    files["/sys/fs/cgroup/memory.stat"] = ["anon 5", "inactive_file 50000"]
    assert free_memory() == 150_000
    files["/sys/fs/cgroup/memory.max"] = ["max"]
    assert free_memory() == 4000 * 1024


def test_workers_do_not_wait_for_who_started_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in worker_environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    with room(1 << 60, "train"), room(1 << 60, "evaluation"):
        assert at_work() == 0

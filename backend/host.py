"""What the jobs of one host share: ports for their workers, and memory as it lasts.

Each job is a process of whoever started it; they find each other by names in the kernel (abstract Unix sockets). Such
a name is held by one process at a time, is seen by every user of the host, has no file that somebody's permissions,
links or a full disk could spoil, and is free again the moment its process ends, however that happens. It reaches as
far as a port does: a container with a network of its own has names of its own.

An example with jobs of 4 GB where 10 GB are free: each holds a port of its own at once, and then waits for "gate". The
first finds room, takes the names "starting/4…" until its workers have taken their memory and "working" until they end,
and lets the gate go. The second sees 10 GB free, of which 4 GB are the first one's, and starts beside it. The third
sees 2 GB that are nobody's and jobs at work, and starts when one of them has ended.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from core.errors import InputError
from core.progress import say
from core.schema import MachineConfig

# Between the ports that CPU workers take for each other (8118 and up) and those that the system gives to connections.
PORTS = range(20100, 21100)
# Where hosts have to agree on one beforehand.
PORT_OF_SEVERAL_HOSTS = 8118
# Tells workers that whoever started them has waited for their memory already.
HELD = "KIT_MEMORY_HELD"
_NAMES = "low-parameter-kit"
_POLL_SECONDS = 0.5
# A process that is stopped while it starts its workers must not keep the others for ever.
_PATIENCE_SECONDS = 900.0
_UNLIMITED = 1 << 60
_numbers = count()


def _held(name: str) -> socket.socket | None:
    """Take a name for this process until the socket is closed; None where another one holds it."""
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        taken.bind(f"\0{_NAMES}/{name}")
    except OSError:
        taken.close()
        return None
    return taken


def is_free(port: int) -> bool:
    """Tell whether nothing listens on a port of this host."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def check_port(port: int) -> None:
    """Make sure that msrun's scheduler can listen; InputError where something else does, or another job will."""
    with _port(port):
        pass


@contextmanager
def reserved_port(machine: MachineConfig) -> Iterator[int]:
    """Hold a port for the workers of a job: the machine's own where one is set, else a free one.

    Raises:
        InputError: the port that is set is in use, or none is free.
    """
    if machine.master_port is not None:
        with _port(machine.master_port):
            yield machine.master_port
        return
    for port in PORTS:
        if (taken := _held(f"port/{port}")) is None:
            continue
        with taken:
            if is_free(port):
                yield port
                return
    raise InputError(f"no port from {PORTS[0]} to {PORTS[-1]} is free on this machine; set machine.master_port=N")


@contextmanager
def _port(port: int) -> Iterator[None]:
    taken = _held(f"port/{port}")
    if taken is None or not is_free(port):
        if taken is not None:
            taken.close()
        raise InputError(
            f"port {port} is in use on this machine; choose another, or leave it to the kit: machine.master_port=null"
        )
    with taken:
        yield


@contextmanager
def room(needed: int, what: str) -> Iterator[Callable[[], None]]:
    """Wait until a job's memory is free and no other starting job's, and count it as at work until the block ends.

    Where no other job is at work it begins at once: waiting would not make more memory.

    Args:
        needed: bytes of memory; 0: nothing is waited for.
        what: is going to start, for news.

    Yields:
        A function to be called when the memory is taken: it is not kept for the job any more.
    """
    if not needed or os.environ.get(HELD):
        yield lambda: None
        return
    with ExitStack() as working, ExitStack() as starting:
        with ExitStack() as turn:
            if gate := _waited_for("gate", what):
                turn.enter_context(gate)
            _wait_for_memory(needed, what)
            job = f"{os.getpid()}-{next(_numbers)}"
            for name, until in ((f"working/{job}", working), (f"starting/{needed}/{job}", starting)):
                if mark := _held(name):
                    until.enter_context(mark)
        yield starting.close


def _waited_for(name: str, what: str) -> socket.socket | None:
    """Take a name as soon as it is free; None where that takes too long."""
    until, told = time.monotonic() + _PATIENCE_SECONDS, False
    while (taken := _held(name)) is None and time.monotonic() < until:
        if not told:
            say(f"{what}: waiting for its turn behind other jobs of this machine")
            told = True
        time.sleep(_POLL_SECONDS)
    return taken


def _wait_for_memory(needed: int, what: str) -> None:
    until, told = time.monotonic() + _PATIENCE_SECONDS, False
    while at_work():
        free = free_memory() - (_kept_for_starting() if time.monotonic() < until else 0)
        if free >= needed:
            return
        if not told:
            say(
                f"{what}: waiting for another job of this machine: "
                f"{needed / 1e9:.1f} GB of memory are needed, {max(0, free) / 1e9:.1f} GB are free"
            )
            told = True
        time.sleep(_POLL_SECONDS)


def at_work() -> int:
    """Return how many jobs of this host hold memory, whoever started them."""
    return len(_names_held("working"))


def _kept_for_starting() -> int:
    """Return the bytes of memory that starting jobs are going to take, or have taken since."""
    sizes = (name.split("/")[0] for name in _names_held("starting"))
    return sum(int(size) for size in sizes if size.isdecimal() and len(size) < 20)


def _names_held(kind: str) -> list[str]:
    """Return the names of a kind that processes of this host hold, without the kind."""
    try:
        text = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    begin = f"@{_NAMES}/{kind}/"
    words = (line.rsplit(" ", 1)[-1] for line in text.splitlines())
    return [word.removeprefix(begin) for word in words if word.startswith(begin)]


def free_memory() -> int:
    """Return the bytes of memory that processes can still take: of the host, or of the container it is."""
    free = _UNLIMITED
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        numbers = [line for file in (limit, used) for line in _lines(file)]
        if len(numbers) == 2 and all(map(str.isdecimal, numbers)):
            free = min(free, max(0, int(numbers[0]) - int(numbers[1]) + _file_cache(Path(used).parent)))
    return free


def _file_cache(folder: Path) -> int:
    """Return the bytes of a container's memory that are copies of files, and are given back when they are needed."""
    parts = (line.split() for line in _lines(str(folder / "memory.stat")))
    return next((int(words[1]) for words in parts if words[0] in ("inactive_file", "total_inactive_file")), 0)


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []

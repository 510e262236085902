"""What training changes, taken out of MindFormers' train step and put back into it, bit for bit."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import mindspore as ms

from backend.changes import made_changes
from backend.training.state_files import DECIDED, LOCK, State, decided_hash, read_state, state_file, write_state
from core.errors import KitError
from core.files import make_folder, read_json
from core.inside import open_lock

# At most so many seconds of training are lost by a kill, where no number of steps is set.
_MOST_SECONDS = 300.0
# The same where all workers write, for they cannot go by a clock of their own.
_STEPS_OF_ALL = 100


class StateKeeper:
    """Writes the state of a training now and then, and puts one back.

    Args:
        folder: the run's train/state/.
        rank: this worker's.
        frozen: names of parameters that are not trained, but saved with those that are.
        every: a state is written after each so many steps; None: so that five minutes are lost at the most.
        all_ranks: every worker writes, because each of them has optimizer state of its own.
    """

    def __init__(self, folder: Path, rank: int, frozen: Iterable[str], every: int | None, all_ranks: bool) -> None:
        self.folder, self.rank, self.frozen = folder, rank, set(frozen)
        self.writes = all_ranks or rank == 0
        self.every = every or (_STEPS_OF_ALL if all_ranks else None)
        self._file_rank = rank if all_ranks else 0
        self._written = self._last_step = time.monotonic()
        self._lock: Any = None
        self._decided = ""

    def begin(self) -> None:
        """Hold the folder for this training as long as its worker 0 lives."""
        make_folder(self.folder)
        self._decided = decided_hash(read_json(self.folder / DECIDED)["decided"])
        if self.rank == 0:
            self._lock = open_lock(self.folder / LOCK)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def put_back(self, train_network: Any, step: int) -> State:
        """Give every parameter that training changes the value that it had after a step.

        Args:
            train_network: MindFormers' train step; the base is in the network, and no step was taken.
            step: of a state in the folder.

        Returns:
            The state.

        Raises:
            KitError: it is torn, of another training, or holds other parameters than this train step.
        """
        file = state_file(self.folder, step, self._file_rank)
        state = read_state(file)
        parameters = changing(train_network, self.frozen)
        if state.decided != self._decided or state.step != step or _kinds(state.tensors) != _kinds(parameters):
            raise KitError(f"{file}: the state in it is that of another training; begin anew with --force")
        for name, parameter in parameters.items():
            parameter.set_data(ms.Tensor(state.tensors[name], dtype=parameter.dtype))
        return state

    def is_due(self, step: int) -> bool:
        """Tell, after each step, whether it is time for this worker to write."""
        now = time.monotonic()
        next_too_late = now - self._written + (now - self._last_step) > _MOST_SECONDS
        self._last_step = now
        return self.writes and (step % self.every == 0 if self.every else next_too_late)

    def write(self, train_network: Any, step: int, seconds: float) -> None:
        """Write the state after a step, which came so many seconds after the run's beginning."""
        tensors = {name: one.asnumpy() for name, one in changing(train_network, self.frozen).items()}
        write_state(self.folder, self._file_rank, State(step, seconds, self._decided, tensors))
        self._written = self._last_step = time.monotonic()


def changing(train_network: Any, frozen: Iterable[str] = ()) -> dict[str, Any]:
    """Return name -> parameter of all that a step may change: trained tensors, optimizer, loss scale and its counters.

    Args:
        train_network: MindFormers' train step.
        frozen: names of parameters of the network that are not trained and belong to the adapter.
    """
    network = {parameter.name: parameter for parameter in train_network.network.get_parameters()}
    wanted = set(frozen)
    found = {name: one for name, one in network.items() if one.requires_grad or name in wanted}
    for parameter in train_network.get_parameters():
        if parameter.name not in network:
            found[parameter.name] = parameter
    for change in made_changes():
        found.update(change.state())
    return found


def _kinds(values: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in values.items()}

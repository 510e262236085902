"""What is said while training goes on: jumps, skipped steps, stillness, time left; and what TensorBoard gets."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import KitError
from core.places import ROOT
from core.progress import Progress
from finetune.training.watch import Alarms, Patience, Watch


def row(step: int, loss: float, overflow: bool = False) -> dict[str, Any]:
    return {"step": step, "loss": loss, "overflow": overflow, "learning_rate": 1e-3, "seconds": 2.0 * step}


def said(losses: list[float]) -> list[str]:
    alarms = Alarms()
    return [text for step, loss in enumerate(losses, 1) if (text := alarms.of(row(step, loss)))]


def test_a_jump_is_named_once_and_the_usual_noise_never() -> None:
    noise = [0.2 + 0.05 * math.sin(step) for step in range(60)]
    assert said(noise) == []
    assert said([*noise, 4.1, 4.2, 4.0]) == ["step 61: the loss jumped to 4.100; before, it was about 0.200"]
    assert said([*noise, 0.9]) == []  # far in deviations, near in size
    assert said([8.0 - 0.1 * step for step in range(60)]) == []
    assert said([0.2, 0.2, 9.0]) == []  # too early to know


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    with pytest.raises(KitError, match="the loss of step 3 is nan.*lower train.learning_rate"):
        said([0.2, 0.2, math.nan])


def test_a_skipped_step_is_named_and_many_in_a_row_end_the_training() -> None:
    alarms = Alarms()
    assert "step 1 was skipped" in alarms.of(row(1, math.inf, overflow=True))
    assert alarms.of(row(2, math.inf, overflow=True)) == ""
    assert alarms.of(row(3, 0.2)) == ""
    assert "step 4 was skipped" in alarms.of(row(4, math.nan, overflow=True))
    assert {alarms.of(row(step, math.nan, overflow=True)) for step in range(5, 33)} == {""}
    with pytest.raises(KitError, match="steps 4 to 33 were skipped"):
        alarms.of(row(33, math.nan, overflow=True))


def test_stillness_is_told_once_until_a_step_is_done() -> None:
    patience = Patience()
    assert not patience.waited(600)  # the first step compiles
    assert patience.waited(1801)
    patience.stepped(10.0)
    assert [patience.waited(seconds) for seconds in (100, 199, 201, 500)] == [False, False, True, False]
    patience.stepped(1.0)
    assert patience.waited(1000)  # told again: it is another stillness


def test_the_worker_that_is_still_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for rank, age in ((0, 5), (1, 500)):
        log = tmp_path / f"worker_{rank}.log"
        log.touch()
        os.utime(log, (time.time() - age,) * 2)
    saved = []
    watch = Watch(tmp_path, None, 0.0, lambda: saved.append(1))
    watch.note([row(1, 0.3), row(2, 0.2)], os.getpid())
    watch.look(61)
    watch.look(62)
    news = capsys.readouterr().err
    assert news.count("no step was done for 61 s; worker_1 has been still since") == 1
    assert "for 62 s" not in news
    assert len(saved) == 2


def test_the_news_are_loss_rate_speed_and_memory(tmp_path: Path) -> None:
    watch = Watch(tmp_path, None, 1000.0)
    loss, rate, speed, memory = watch.note([row(1, 0.3), row(2, 0.25)], os.getpid()).split(", ")
    assert (loss, rate, speed) == ("loss 0.250", "rate 0.001", "500 tokens/s")
    assert 0 < float(memory.removesuffix(" GB")) < 50


# In a process of its own: MindSpore cannot be imported any more where tensorboardX is.
_BOARD = """
import json, struct, sys
from pathlib import Path
from finetune.training.watch import Board

board = Board(Path(sys.argv[1]))
for step in (1, 2, 3):
    board.write({"step": step, "loss": 0.5 / step, "learning_rate": 1e-3, "gradient_norm": 1.5}, 100.0 * step)
board.close()
from tensorboardX.proto.event_pb2 import Event

(file,) = Path(sys.argv[1]).iterdir()
data, at, found = file.read_bytes(), 0, {}
while at < len(data):  # records of length, checksum, event, checksum: the format of TFRecord
    (length,) = struct.unpack_from("<Q", data, at)
    event = Event.FromString(data[at + 12 : at + 12 + length])
    found |= {f"{value.tag} {event.step}": value.simple_value for value in event.summary.value}
    at += 16 + length
print(json.dumps(found))
"""


def test_tensorboard_gets_every_step(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _BOARD, str(tmp_path / "board")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["train/loss 3"] == pytest.approx(0.5 / 3)
    assert found["train/gradient_norm 1"] == 1.5
    assert found["train/tokens_per_second 2"] == 200.0
    assert len(found) == 4 * 3


def test_the_time_left_does_not_count_the_beginning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with Progress("train", 100, "steps") as shown:
        for now[0] in (60.0, 70.0, 80.0):  # a minute for the first step, ten seconds for the others
            shown.advance()
        lines = capsys.readouterr().err.splitlines()
        shown.advance(97)
    assert lines[0] == "train: 1/100 steps (1 %), 60 s"
    assert lines[-1] == "train: 3/100 steps (3 %), 80 s, 16 min left"

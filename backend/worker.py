"""One worker of a training run: MindFormers' own trainer on one MindFormers YAML, started by msrun or alone.

python backend/worker.py train/finetune.yaml
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from backend.changes import change_networks, read_changes
from backend.versions import version
from core.processes import die_with_parent


def schedule() -> None:
    """Be the scheduler, in which the workers find each other, until they end; MindFormers is not needed for that."""
    from mindspore.communication import init

    init()


def train(config_file: Path) -> None:
    """Run `Trainer.finetune` as the YAML says; blocks until the run is over.

    Args:
        config_file: MindFormers' YAML; a file changes.json beside it says what the network is changed by before it is
            trained (`backend.changes`).
    """
    from mindformers import MindFormerConfig, Trainer, build_context

    config = MindFormerConfig(str(config_file))
    version().prepare_worker(config.context.device_target)
    change_networks(read_changes(config_file))
    build_context(config)
    trainer = Trainer(config)
    if config.load_checkpoint:
        trainer.finetune(finetune_checkpoint=config.load_checkpoint)
    else:
        trainer.train()


if __name__ == "__main__":
    die_with_parent()()  # a worker that outlives msrun would hold its port
    # msrun starts its scheduler with the workers' command.
    if os.environ.get("MS_ROLE") == "MS_SCHED":
        schedule()
    else:
        train(Path(sys.argv[1]))

"""One worker of a training run: MindFormers' own trainer on one MindFormers YAML, started by msrun or alone.

python backend/worker.py train/finetune.yaml [CELLS]
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from backend.methods import register_cells
from backend.versions import version
from core.processes import die_with_parent


def train(config_file: Path, cells: str = "") -> None:
    """Run `Trainer.finetune` as the YAML says; blocks until the run is over.

    Args:
        config_file: MindFormers' YAML.
        cells: module of backend/methods/ that the tuning method needs; empty for none.
    """
    from mindformers import MindFormerConfig, Trainer, build_context

    config = MindFormerConfig(str(config_file))
    version().prepare_worker(config.context.device_target)
    register_cells(cells)
    build_context(config)
    trainer = Trainer(config)
    if config.load_checkpoint:
        trainer.finetune(finetune_checkpoint=config.load_checkpoint)
    else:
        trainer.train()


if __name__ == "__main__":
    die_with_parent()()  # a worker that outlives msrun would hold its port
    train(Path(sys.argv[1]), *sys.argv[2:])

"""The order in which TRL will read a rendered grpo stage, by GRPOTrainer's own sampler and data loader.

The manifest's order is the file's order, and everything that could change it is switched off. This is the proof: it
builds the trainer, and reads what it would read.
"""

from collections.abc import Iterator
from contextlib import chdir
from itertools import islice
from pathlib import Path

from train_backend.trl.trainers import read_config, trainer_of


def batches_of_row_ids(run: Path, stage: str = "grpo") -> Iterator[list[str]]:
    """Yield the row ids of each step of a grpo stage of a rendered run, each as often as it is answered."""
    with chdir(run):
        trainer = trainer_of(stage, read_config(stage))
        # a batch of responses comes once for each pass of a step, and is answered at the first (`_prepare_inputs`)
        for batch in islice(trainer.get_train_dataloader(), 0, None, trainer.args.steps_per_generation):
            yield [row["extra_info"]["row_id"] for row in batch]

"""The order in which verl will read a rendered run, by verl's own data set, sampler and collate function.

verl 0.9.1 has no hook for the order of rows, so the manifest's order is the file's order and everything that could
change it is switched off. This is the proof: it builds what trainer/ppo/v1/trainer_base.py builds, and reads it.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from torchdata.stateful_dataloader import StatefulDataLoader
from transformers import AutoTokenizer
from verl.trainer.ppo.utils import create_rl_dataset, create_rl_sampler
from verl.utils.dataset.rl_dataset import collate_fn

from train_backend.verl.dialect import RUN


def batches_of_row_ids(run: Path, stage: str = "grpo", after: int = 0) -> Iterator[list[str]]:
    """Yield the row ids of each batch that a grpo stage of a rendered run will train on.

    Args:
        after: step from whose checkpoint the stage goes on: what verl saves of its loader then is given to a new one.
    """
    text = (run / stage / "config.yaml").read_text(encoding="utf-8")
    config = OmegaConf.create(text.replace(RUN, str(run)))
    loader = _loader(run, config)
    if after:
        read = islice(iter(loader), after)
        deque(read, maxlen=0)
        state = loader.state_dict()
        loader = _loader(run, config)
        loader.load_state_dict(state)
    for batch in loader:
        yield [row["row_id"] for row in batch["extra_info"]]


def _loader(run: Path, config: DictConfig) -> StatefulDataLoader:
    tokenizer = AutoTokenizer.from_pretrained(run / "model")
    dataset = create_rl_dataset(
        list(config.data.train_files), config.data, tokenizer, None, max_samples=config.data.train_max_samples
    )
    return StatefulDataLoader(
        dataset=dataset,
        batch_size=config.data.train_batch_size,
        num_workers=config.data.dataloader_num_workers,
        drop_last=True,
        collate_fn=collate_fn,
        sampler=create_rl_sampler(config.data, dataset),
    )

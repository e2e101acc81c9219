"""Does a stage on examples fit its rows and its devices? A trainer says so hours later, or drops what does not divide."""

from typing import Any

import pyarrow.compute as pc

from blends.export.blocks import PYTHON_ROWS, blocks
from blends.export.responses import RESPONSE_COLUMNS, responses
from crossthink.errors import UserError
from manifests.store import Stored
from train_backend.plan import NamedStage, Plan, PreferenceStage, SupervisedStage


def check_shares(plan: Plan, stage: NamedStage, settings: SupervisedStage | PreferenceStage) -> None:
    """Hold the batch to the devices of a node; verl, for one, divides it and drops the rest (sft_trainer.py:241).

    Raises:
        UserError: the devices cannot share it equally.
    """
    devices = plan.resources.gpus_per_node
    if settings.batch_size % devices:
        raise UserError(
            f"plan {plan.name}, stage {stage.name}: batch_size is {settings.batch_size}, which {devices} devices cannot"
            " share equally"
        )


def check_conversations(
    plan: Plan, stage: NamedStage, settings: SupervisedStage, blend: Stored, tokenizer: Any
) -> None:
    """Measure every conversation that the stage will read, each row's first time only.

    Raises:
        UserError: one is longer than `max_length`, at which a trainer ends the stage or cuts the answer.
    """
    columns = ["row_id", "epoch", "prompt", *RESPONSE_COLUMNS]
    for block in blocks(blend.rows_path, columns, settings.steps * settings.batch_size, block_rows=PYTHON_ROWS):
        first = block.filter(pc.equal(block["epoch"], 0))
        if not first.num_rows:
            continue
        answers = responses(first, settings.with_solutions)
        said = [[*prompt, answer] for prompt, answer in zip(first["prompt"].to_pylist(), answers, strict=True)]
        tokens = tokenizer.apply_chat_template(said, tokenize=True, return_dict=True)["input_ids"]
        for row_id, ids in zip(first["row_id"].to_pylist(), tokens, strict=True):
            if len(ids) > settings.max_length:
                raise UserError(
                    f"{blend.rows_path}: row {row_id} with its answer has {len(ids)} tokens, and max_length of plan"
                    f" {plan.name}, stage {stage.name} is {settings.max_length}; raise it"
                )

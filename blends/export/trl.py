"""Rows as TRL reads them (trl 1.16): prompt-only for GRPOTrainer, prompt and completion for SFTTrainer.

A conversational `prompt` gets the model's chat template from the trainer. GRPOTrainer hands every other column to the reward
functions, as lists under the columns' names: `solution` is the ground truth, by the name that TRL's own `accuracy_reward`
takes, and `answer_kind` is what this project's verifier needs besides. SFTTrainer learns from the completion alone.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from blends.export.blocks import blocks, blocks_again_and_again
from blends.export.responses import RESPONSE_COLUMNS, responses
from crossthink.files import ROW_GROUP_ROWS, atomic_path, parquet_writer
from manifests.manifest import MESSAGES, ORDER_SCHEMA

_OF_THE_BLEND = ["prompt", "ground_truth", "answer_kind", "template", "component", "source", "row_id", "item_id"]

PROMPT_SCHEMA = pa.schema(
    pa.field("solution" if name == "ground_truth" else name, ORDER_SCHEMA.field(name).type) for name in _OF_THE_BLEND
)
SFT_SCHEMA = pa.schema([("prompt", MESSAGES), ("completion", MESSAGES)])

_FEW_VALUES = ["prompt.list.element.role", "solution", "answer_kind", "template", "component", "source"]


def write_prompts(order: Path, destination: Path) -> None:
    """Write rows of `PROMPT_SCHEMA`."""
    with (
        atomic_path(destination) as temporary,
        pq.ParquetWriter(temporary, PROMPT_SCHEMA, compression="zstd", use_dictionary=_FEW_VALUES) as out,
    ):
        for block in blocks(order, _OF_THE_BLEND):
            columns = [block[name] for name in _OF_THE_BLEND]
            out.write_table(pa.Table.from_arrays(columns, schema=PROMPT_SCHEMA), row_group_size=ROW_GROUP_ROWS)


def write_examples(order: Path, destination: Path, *, with_solutions: bool, rows: int | None = None) -> None:
    """Write rows of `SFT_SCHEMA`: the completion is the rendered gold answer.

    Args:
        rows: how many, starting again at the top where the order ends; None: each of the order once.
    """
    count = pq.read_metadata(order).num_rows if rows is None else rows
    with atomic_path(destination) as temporary, parquet_writer(temporary, SFT_SCHEMA) as write:
        for block in blocks_again_and_again(order, ["prompt", *RESPONSE_COLUMNS], count):
            completions = pa.array([[each] for each in responses(block, with_solutions)], MESSAGES)
            write(pa.Table.from_arrays([block["prompt"], completions], schema=SFT_SCHEMA))

"""Rows as verl reads them: one fixed Arrow schema, in the manifest's order.

verl concatenates files and infers types, so a ground truth that is a number in one source and text in another breaks a
run; here every column has its type before the first row is read. Columns of the blend are handed on as they are, never
rebuilt, and only those with few values are worth a dictionary in the file.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from blends.export.blocks import blocks, blocks_again_and_again
from blends.export.responses import RESPONSE_COLUMNS, responses
from crossthink.files import ROW_GROUP_ROWS, atomic_path, parquet_writer
from manifests.manifest import MESSAGES

DATA_SOURCE_PREFIX = "crossthink/"
"""verl scores sources it knows by name (`openai/gsm8k`, ...) with its own rules; none has this prefix."""

TRAINING_SCHEMA = pa.schema(
    [
        ("data_source", pa.string()),
        ("prompt", MESSAGES),
        ("ability", pa.string()),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        (
            "extra_info",
            pa.struct(
                [
                    ("row_id", pa.string()),
                    ("item_id", pa.string()),
                    ("component", pa.string()),
                    ("template", pa.string()),
                    ("answer_kind", pa.string()),
                    ("index", pa.int64()),
                    ("split", pa.string()),
                ]
            ),
        ),
    ]
)
"""`extra_info.index` is the position in the blend."""

SUPERVISED_SCHEMA = pa.schema([("messages", MESSAGES)])

_COLUMNS = ["position", "row_id", "item_id", "component", "template", "answer_kind", "prompt", "ground_truth"]
_FEW_VALUES = [
    "data_source",
    "prompt.list.element.role",
    "ability",
    "reward_model.style",
    "reward_model.ground_truth",
    "extra_info.component",
    "extra_info.template",
    "extra_info.answer_kind",
    "extra_info.split",
]


def write_training_rows(order: Path, destination: Path, rows: int | None = None, split: str = "train") -> None:
    """Write rows for reinforcement learning, as `TRAINING_SCHEMA`.

    Args:
        order: the blend's rows, or its holdout.
        destination: the new Parquet file.
        rows: how many from the top; None: all.
        split: value of `extra_info.split`.
    """
    with (
        atomic_path(destination) as temporary,
        pq.ParquetWriter(temporary, TRAINING_SCHEMA, compression="zstd", use_dictionary=_FEW_VALUES) as out,
    ):
        for block in blocks(order, _COLUMNS, rows):
            out.write_table(_training_table(block, split), row_group_size=ROW_GROUP_ROWS)


def write_supervised_rows(order: Path, destination: Path, rows: int, *, with_solutions: bool) -> None:
    """Write `rows` conversations that end in the rendered gold answer, starting again at the top where the order ends."""
    with atomic_path(destination) as temporary, parquet_writer(temporary, SUPERVISED_SCHEMA) as write:
        for block in blocks_again_and_again(order, ["prompt", *RESPONSE_COLUMNS], rows):
            prompts, answers = block["prompt"].to_pylist(), responses(block, with_solutions)
            said = [[*prompt, answer] for prompt, answer in zip(prompts, answers, strict=True)]
            write(pa.table({"messages": said}, schema=SUPERVISED_SCHEMA))


def _training_table(block: pa.RecordBatch, split: str) -> pa.Table:
    extra = pa.StructArray.from_arrays(
        [
            *(block[name] for name in ("row_id", "item_id", "component", "template", "answer_kind")),
            block["position"],
            _repeat(split, block),
        ],
        fields=list(TRAINING_SCHEMA.field("extra_info").type),
    )
    reward = pa.StructArray.from_arrays(
        [_repeat("rule", block), block["ground_truth"]], fields=list(TRAINING_SCHEMA.field("reward_model").type)
    )
    source = pc.binary_join_element_wise(DATA_SOURCE_PREFIX, block["component"], "")
    columns = [source, block["prompt"], block["answer_kind"], reward, extra]
    return pa.Table.from_arrays(
        [_cast(*pair) for pair in zip(columns, TRAINING_SCHEMA.types, strict=True)], schema=TRAINING_SCHEMA
    )


def _cast(column: pa.Array, to: pa.DataType) -> pa.Array:
    return column if column.type == to else column.cast(to)


def _repeat(text: str, block: pa.RecordBatch) -> pa.Array:
    return pa.repeat(pa.scalar(text), block.num_rows)

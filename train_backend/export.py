"""The manifest's rows as the files a trainer reads: one fixed Arrow schema, in the manifest's order.

verl concatenates files and infers types, so a ground truth that is a number in one source and text in another breaks a
run; here every column has its type before the first row is read. The order file is streamed: memory does
not grow with the blend.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crossthink.files import ROW_GROUP_ROWS, atomic_path, write_parquet
from curate.verify import render_gold
from manifests.manifest import MESSAGES, ORDER_SCHEMA

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

SUPERVISED_SCHEMA = pa.schema([("messages", MESSAGES)])


def write_training_rows(order: Path, destination: Path, rows: int) -> None:
    """Write the first `rows` rows of an order file for reinforcement learning; `extra_info.index` is the position."""
    with atomic_path(destination) as temporary, pq.ParquetWriter(temporary, TRAINING_SCHEMA, compression="zstd") as out:
        for batch in _batches(order, rows):
            out.write_table(_training_table(batch), row_group_size=ROW_GROUP_ROWS)


def write_supervised_rows(order: Path, destination: Path, rows: int, *, with_solutions: bool) -> None:
    """Write `rows` conversations that end in the rendered gold answer, starting again at the top where the order ends."""
    columns = ["prompt", "ground_truth", "solution"]
    head = pa.Table.from_batches(_batches(order, rows), schema=ORDER_SCHEMA).select(columns).to_pylist()
    conversations = [
        [
            *row["prompt"],
            {"role": "assistant", "content": _response(row["ground_truth"], row["solution"], with_solutions)},
        ]
        for row in head
    ]
    messages = [conversations[place % len(conversations)] for place in range(rows)]
    write_parquet(destination, pa.table({"messages": messages}, schema=SUPERVISED_SCHEMA))


def _response(gold: str, solution: str | None, with_solutions: bool) -> str:
    return render_gold(gold, solution) if with_solutions and solution else render_gold(gold)


def _batches(order: Path, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the order file's first `rows` rows in blocks."""
    with pq.ParquetFile(order) as file:
        for batch in file.iter_batches(batch_size=ROW_GROUP_ROWS):
            yield batch.slice(0, rows)
            rows -= batch.num_rows
            if rows <= 0:
                return


def _training_table(batch: pa.RecordBatch) -> pa.Table:
    extra = pa.StructArray.from_arrays(
        [
            *(batch[name] for name in ("row_id", "item_id", "component", "template", "answer_kind")),
            batch["position"],
            _repeat("train", batch),
        ],
        fields=list(TRAINING_SCHEMA.field("extra_info").type),
    )
    reward = pa.StructArray.from_arrays(
        [_repeat("rule", batch), batch["ground_truth"]], fields=list(TRAINING_SCHEMA.field("reward_model").type)
    )
    source = pc.binary_join_element_wise(DATA_SOURCE_PREFIX, batch["component"], "")
    columns = [source, batch["prompt"], batch["answer_kind"], reward, extra]
    return pa.Table.from_arrays(
        [_cast(*pair) for pair in zip(columns, TRAINING_SCHEMA.types, strict=True)], schema=TRAINING_SCHEMA
    )


def _cast(column: pa.Array, to: pa.DataType) -> pa.Array:
    return column if column.type == to else column.cast(to)


def _repeat(text: str, batch: pa.RecordBatch) -> pa.Array:
    return pa.repeat(pa.scalar(text), batch.num_rows)

"""The tables of a corpus: what SQL sees of curation, without the code that fills them.

Commands that only read a corpus load this and nothing of the searches.
"""

import pyarrow as pa

from curate.items import ITEM_SCHEMA

SIGNAL_NAMES = (
    "needs_options",
    "needs_missing_part",
    "gives_answer_away",
    "asks_several",
    "is_true_false",
    "is_proof",
    "answer_in_other_language",
    "has_broken_latex",
)
"""The signals of `curate.signals`, in the order of their columns."""

CORPUS_ITEM_SCHEMA = pa.schema([*ITEM_SCHEMA, *(pa.field(name, pa.bool_(), nullable=False) for name in SIGNAL_NAMES)])
"""An item of a corpus: with a column for each signal."""

VARIANT_SCHEMA = pa.schema(
    [
        pa.field("row_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("template", pa.string(), nullable=False),  # mcq | open
        pa.field("answer", pa.string(), nullable=False),  # what the box must hold: a letter, or the answer itself
        pa.field("answer_kind", pa.string(), nullable=False),
        pa.field("option_count", pa.int32(), nullable=False),  # 0 for an open variant
    ]
)

DROPPED_SCHEMA = pa.schema(
    [
        pa.field("stage", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("evidence", pa.string()),  # JSON text
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),  # FILE:LINE, or the source's own key
        pa.field("item_id", pa.string()),
        pa.field("row_id", pa.string()),
        pa.field("template", pa.string()),
        pa.field("question", pa.string()),
        pa.field("options", pa.list_(pa.string())),
        pa.field("answer", pa.string()),
        pa.field("raw", pa.string()),  # the record itself, when it could not be read
    ]
)

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("stage", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("rows_in", pa.int64(), nullable=False),
        pa.field("added", pa.int64(), nullable=False),
        pa.field("kept", pa.int64(), nullable=False),
        pa.field("dropped", pa.int64(), nullable=False),
    ]
)

SIBLING_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("other_item_id", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),  # share of the words that both have, in order
        pa.field("why", pa.string(), nullable=False),  # numbers | gold | options
    ]
)

DOUBTS_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("other_item_id", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),  # share of what both say, or the cosine that proposed the pair
    ]
)

_WHO = [
    pa.field("item_id", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("source_row", pa.string(), nullable=False),
    pa.field("benchmark", pa.string(), nullable=False),
    pa.field("benchmark_row", pa.string(), nullable=False),
    pa.field("benchmark_item_id", pa.string(), nullable=False),
]
LEAKS_SCHEMA = pa.schema(
    [
        *_WHO,
        pa.field("path", pa.string(), nullable=False),  # ngram | embedded | answer | semantic
        pa.field("score", pa.float64(), nullable=False),  # share of the question's weight; for semantic, the similarity
        pa.field("gold", pa.string()),  # same | other | unknown
        pa.field("span", pa.string()),  # words of the row, at most 40
    ]
)
GREY_ZONE_SCHEMA = pa.schema(
    [
        *_WHO,
        pa.field("question", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("benchmark_question", pa.string()),
        pa.field("benchmark_answer", pa.string()),
        pa.field("text", pa.float64()),  # as the settings of `curate.contamination.settings` count them
        pa.field("grams", pa.float64()),
        pa.field("similarity", pa.float64()),
        pa.field("gold", pa.string()),
        pa.field("options", pa.float64()),
        pa.field("asks_otherwise", pa.bool_()),
    ]
)

VERDICTS_SCHEMA = pa.schema(
    [
        pa.field("judge", pa.string(), nullable=False),
        pa.field("asked", pa.string(), nullable=False),  # answerable | verifiable | complete | safe
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("yes", pa.int32(), nullable=False),  # votes
        pa.field("no", pa.int32(), nullable=False),
        pa.field("faults", pa.int32(), nullable=False),  # answers that are no vote
        pa.field("verdict", pa.string(), nullable=False),  # yes | no | unsettled
        pa.field("words", pa.list_(pa.string()), nullable=False),  # of votes for the verdict
    ]
)
_ORDERS = [
    pa.field(f"{name}_{order}", pa.int32(), nullable=False)
    for order in ("one", "two")
    for name in ("yes", "no", "faults")
]
PAIR_VERDICTS_SCHEMA = pa.schema(
    [
        pa.field("zone", pa.string(), nullable=False),  # contamination | near_duplicates
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("other_source", pa.string(), nullable=False),
        pa.field("other_row", pa.string(), nullable=False),
        pa.field("other_item_id", pa.string(), nullable=False),
        *_ORDERS,  # votes with the item first, then with the other first
        pa.field("verdict", pa.string(), nullable=False),  # same | different | one_order | unsettled
        pa.field("words", pa.list_(pa.string()), nullable=False),  # one vote of each order
    ]
)

RATINGS_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("rating", pa.float64()),  # mean of those that could be read; null where none could
        pa.field("ratings", pa.int32(), nullable=False),  # how many these are
        pa.field("spread", pa.float64()),  # their standard deviation; null for fewer than two
        pa.field("lowest", pa.float64()),
        pa.field("highest", pa.float64()),
        pa.field("faults", pa.int32(), nullable=False),  # answers that are no rating
    ]
)
LABELLED_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),  # of the labels, from 1
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("other_item_id", pa.string()),  # null for an item
        pa.field("label", pa.string(), nullable=False),  # yes | no
        pa.field("verdict", pa.string(), nullable=False),  # yes | no | one_order | unsettled
        *(field.with_nullable(field.name.endswith("two")) for field in _ORDERS),  # an item has one order
        pa.field("words", pa.list_(pa.string()), nullable=False),
    ]
)
_ESTIMATES = ("agreement", "kappa", "self_agreement", "order_agreement")
_CELL = pa.struct([("label", pa.string()), ("verdict", pa.string()), ("rows", pa.int64())])
AGREEMENT_SCHEMA = pa.schema(
    [
        pa.field("asked", pa.string(), nullable=False),  # same, answerable, ...
        pa.field("model", pa.string(), nullable=False),
        pa.field("votes", pa.int32(), nullable=False),  # of each question, and order
        pa.field("rule", pa.string(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        *(pa.field(f"{name}{end}", pa.float64()) for name in _ESTIMATES for end in ("", "_low", "_high")),
        pa.field("faults", pa.int64(), nullable=False),
        pa.field("confusion", pa.list_(_CELL), nullable=False),
    ]
)

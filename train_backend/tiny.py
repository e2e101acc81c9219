"""A tiny Qwen2 made on the spot: random weights, and a tokenizer trained on the text it will read.

It lets the whole machinery run where there is no network and no accelerator. It knows nothing, so what it learns is the
format and which answers repeat: machinery, not science.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from curate.verify import render_gold
from train_backend.plan import TinyModel

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""ChatML, as Qwen2 uses it, without its default system message."""
TRAINED_ROWS = 20_000
"""Rows whose text trains the tokenizer; more adds time and no better merges to so small a vocabulary."""


def build_tokenizer(order: Path, settings: TinyModel) -> Any:
    """Train a byte-level BPE tokenizer on the prompts and the rendered answers of an order file."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocabulary,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(_texts(order), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token=PAD, eos_token=END, chat_template=CHAT_TEMPLATE)


def write_model(folder: Path, tokenizer: Any, settings: TinyModel, max_positions: int) -> None:
    """Write the tokenizer and a freshly initialised model; the same settings give the same weights."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()

    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden,
        intermediate_size=2 * settings.hidden,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=max(1, settings.heads // 2),
        max_position_embeddings=max_positions,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = Qwen2ForCausalLM(config)
    tokenizer.save_pretrained(folder)
    model.float().save_pretrained(folder)


def _texts(order: Path) -> Iterator[str]:
    with pq.ParquetFile(order, pre_buffer=False) as file:
        left = TRAINED_ROWS
        for batch in file.iter_batches(batch_size=left, columns=["prompt", "ground_truth"]):
            yield from _row_texts(batch.slice(0, left).to_pylist())
            left -= batch.num_rows
            if left <= 0:
                return


def _row_texts(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield from (message["content"] for message in row["prompt"])
        yield render_gold(row["ground_truth"])

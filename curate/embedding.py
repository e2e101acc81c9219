"""Sentence embeddings from a model on this machine, and the nearest of many by blocked matrix products.

Embeddings propose; they never decide. Two questions of one subject are close whatever they ask, so a pair found here is
verified by golds, numbers and options like any other.

`wordllama` (extra `semantic`) is a table of 32,000 token vectors of 256 numbers that ships inside its package: it needs no
download and no torch. Any other name is a folder, or a name on the hub, of an encoder that `transformers` can load; its
token vectors are averaged, which is how most sentence encoders were trained.
"""

import importlib.util
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from crossthink.errors import UserError
from crossthink.errors import nearest as nearest_name
from crossthink.files import digest, sha256_file

Vectors = npt.NDArray[np.float32]

BUILT_IN = "wordllama"

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")

_TEXTS = 1024
"""Texts tokenised and pooled at once."""

_ENCODED = 32
"""Texts that an encoder takes at once, and the tokens of each that it reads."""
_ENCODED_TOKENS = 256

_CELLS = 1 << 24
"""Similarities held at once: 64 MB."""


SCALE = 4000
"""Unit vectors times this and rounded are whole numbers whose products sum to less than 2^24: float32 holds every partial
sum exactly, so a similarity is the same for any number of threads and any order of adding."""


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of float32 per text, of length 1; a text without any token is a row of zeros."""
        ...


def embedder(name: str) -> Embedder:
    """Return the model of this name.

    Args:
        name: "wordllama", or a folder or hub name of an encoder.

    Raises:
        UserError: the model, or the library that it needs, is not there.
    """
    return _WordLlama() if name == BUILT_IN else _Encoder(name)


def model_identity(name: str | None) -> str:
    """Return what an embedding depends on besides the texts: nothing without a model, else its version or its files.

    A model named on the hub is known by its name alone; a folder, or the built-in model, pins it.
    """
    if name is None:
        return ""
    if name == BUILT_IN:
        return f"{name} {version(name)}" if importlib.util.find_spec(name) else name
    folder = Path(name)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return digest([folder.name, [[path.relative_to(folder).as_posix(), sha256_file(path)] for path in files]])


def model_name(name: str | None) -> str | None:
    """Return a model's name for records, without a path: a folder goes by its last part and its content."""
    if name is None or not Path(name).is_dir():
        return name
    return f"{Path(name).resolve().name}@{model_identity(name)[:16]}"


def nearest(
    queries: Vectors, index: Vectors, k: int, least: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Vectors]:
    """Find for each query the rows of an index that are most similar.

    Args:
        queries: (n, d) unit rows.
        index: (m, d) unit rows.
        k: how many rows for each query, and those that are as near as the last of them.
        least: cosine similarity that they have at least.

    Returns:
        Query, row of the index and similarity of each pair, by query and then row.
    """
    found: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Vectors]] = []
    nothing = np.zeros(0, np.int64)
    step = max(1, _CELLS // max(1, len(index)))
    whole = np.rint(index * SCALE).T
    for start in range(0, len(queries), step):
        similar = np.asarray(np.rint(queries[start : start + step] * SCALE) @ whole / SCALE**2, np.float32)
        if 0 < k < similar.shape[1]:
            floor = np.partition(similar, -k, axis=1)[:, -k]
            near = similar >= np.maximum(floor, least)[:, None]
        else:
            near = similar >= least
        query, row = np.nonzero(near)
        found.append((query + start, row, similar[query, row]))
    return (
        np.concatenate([nothing, *(query for query, _, _ in found)]),
        np.concatenate([nothing, *(row for _, row, _ in found)]),
        np.concatenate([np.zeros(0, np.float32), *(similar for _, _, similar in found)]),
    )


class _WordLlama:
    """Averages of token vectors; the model that ships inside the package `wordllama`."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("wordllama")
        if spec is None or spec.origin is None:
            raise UserError("semantic: wordllama is not installed. Install it with: pip install 'crossthink[semantic]'")
        from wordllama import WordLlama

        # The package looks for its own tokenizer in a folder of another name; as a cache, its folder has the right one.
        loaded = WordLlama.load(cache_dir=Path(spec.origin).parent, disable_download=True)
        self._table: Vectors = loaded.embedding
        self._tokenizer: Any = loaded.tokenizer
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> Vectors:
        parts = [np.zeros((0, self._table.shape[1]), np.float32)]
        for start in range(0, len(texts), _TEXTS):
            encoded = self._tokenizer.encode_batch_fast(list(texts[start : start + _TEXTS]), add_special_tokens=False)
            tokens = [encoding.ids for encoding in encoded]
            lengths = np.array([len(ids) for ids in tokens])
            ends = np.cumsum(lengths)
            flat = np.fromiter((token for ids in tokens for token in ids), np.int64, int(lengths.sum()))
            pooled = np.zeros((len(tokens), self._table.shape[1]), np.float32)
            is_some = lengths > 0
            if is_some.any():
                pooled[is_some] = np.add.reduceat(self._table[flat], (ends - lengths)[is_some], axis=0)
            parts.append(_unit(pooled))
        return np.concatenate(parts)


class _Encoder:
    """Averages of an encoder's last hidden states."""

    def __init__(self, name: str) -> None:
        wanted = f"expected {BUILT_IN!r}, a folder of an encoder, or the name of one on the hub"
        is_folder = (Path(name) / "config.json").is_file()
        if not is_folder and (not _HUB_NAME.fullmatch(name) or nearest_name(name, [BUILT_IN])):
            raise UserError(f"semantic: found {name!r}, {wanted}.{nearest_name(name, [BUILT_IN])}")
        missing = [library for library in ("torch", "transformers") if importlib.util.find_spec(library) is None]
        if missing:
            raise UserError(
                f"semantic: {name!r} needs {' and '.join(missing)}. Install with: pip install {' '.join(missing)},"
                f" or use {BUILT_IN!r}"
            )
        from transformers import AutoModel, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name)
            self._model: Any = AutoModel.from_pretrained(name).eval()
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise UserError(f"semantic: found {name!r}, {wanted} ({reason})") from None

    def embed(self, texts: Sequence[str]) -> Vectors:
        import torch

        parts = [np.zeros((0, int(self._model.config.hidden_size)), np.float32)]
        for start in range(0, len(texts), _ENCODED):
            some = list(texts[start : start + _ENCODED])
            batch = self._tokenizer(
                some, padding=True, truncation=True, max_length=_ENCODED_TOKENS, return_tensors="pt"
            )
            with torch.inference_mode():
                states = self._model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
            pooled = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            parts.append(_unit(pooled.float().numpy()))
        return np.concatenate(parts)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0))

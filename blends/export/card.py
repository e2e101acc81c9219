"""The card of an exported blend: what a person needs to judge the data, and the header that the hub reads.

The header's keys are those of huggingface.co/docs/hub/datasets-cards. Names, revisions and licences come from other people's
data sets, so they are shown as text: nothing in them is markup.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from blends.export.licences import hub_licences, rows_by_licence
from crossthink.errors import several
from manifests.manifest import Manifest

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))


def card(manifest: Manifest, files: Sequence[str]) -> str:
    """Return the text of README.md.

    Args:
        manifest: the blend's.
        files: names of the Parquet files, which are the splits' names and a suffix.
    """
    header = yaml.safe_dump(_header(manifest, files), sort_keys=False, allow_unicode=True, width=120)
    return f"---\n{header}---\n\n" + "\n\n".join(_sections(manifest, files)) + "\n"


def size_category(rows: int) -> str:
    """Return the hub's word for a number of rows."""
    return next((word for limit, word in _SIZES if rows < limit), "10M<n<100M")


def _header(manifest: Manifest, files: Sequence[str]) -> dict[str, Any]:
    rows = manifest.rows + (manifest.holdout.rows if manifest.holdout else 0)
    licences = hub_licences(manifest)
    languages = sorted(name for name in manifest.statistics.get("language", {}) if name)
    return {
        "pretty_name": f"{manifest.name}, version {manifest.version}",
        "license": licences[0] if len(licences) == 1 else licences,
        **({"language": languages} if languages else {}),
        "size_categories": [size_category(rows)],
        "task_categories": ["question-answering", "text-generation"],
        "tags": ["crossthink", "reinforcement-learning", "verifiable-rewards"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": file.partition(".")[0], "path": file} for file in files],
            }
        ],
    }


def _sections(manifest: Manifest, files: Sequence[str]) -> list[str]:
    repeated = manifest.rows - manifest.statistics.get("unique_rows", manifest.rows)
    parts = [
        f"# {_text(manifest.name)}, version {manifest.version}",
        f"{several(manifest.rows, 'question')} with gold answers that a rule can verify, in training order:"
        f" {several(manifest.batches, 'batch', 'batches')} of {manifest.batch_size}."
        + (f" Rows that repeat an earlier one: {repeated:,}." if repeated else " No row repeats.")
        + (
            f" Held out as `test`: {several(manifest.holdout.rows, 'row')} of other questions."
            if manifest.holdout
            else ""
        ),
        "`prompt` is the chat, `ground_truth` what the last `\\boxed{}` must hold, `solution` a worked solution where the"
        " source has one. Read in order, every batch holds each component's share to within one row; do not shuffle.",
        "## Composition",
        _table(
            ("component", "asked for", "share", "rows", "distinct rows"),
            (
                (each.name, f"{each.requested:.4f}", f"{each.realised:.4f}", f"{each.rows:,}", f"{each.unique_rows:,}")
                for each in manifest.components
            ),
        ),
    ]
    if mixture := manifest.statistics.get("mixture"):
        kinds = ("domain", "source", "origin", "template", "license")
        parts.append(
            _table((*kinds, "rows"), ([*(each[kind] for kind in kinds), f"{each['rows']:,}"] for each in mixture))
        )
    parts += [
        "## Sources",
        _sources(manifest),
        "## Licences",
        _licences(manifest),
        "## Digests",
        _digests(manifest, files),
    ]
    return [*parts, "## How to make it again", *_again(manifest)]


def _sources(manifest: Manifest) -> str:
    used = manifest.statistics.get("source", {})
    return _table(
        ("source", "read as", "revision", "license", "records", "rows of this blend"),
        (
            (
                each.name,
                each.adapter,
                each.revision or "not stated",
                each.license,
                f"{each.rows:,}",
                f"{used.get(each.name, 0):,}",
            )
            for each in manifest.sources
            if each.role == "corpus"
        ),
    )


def _licences(manifest: Manifest) -> str:
    rows = rows_by_licence(manifest)
    return (
        "Rows keep the licence of their source. A licence that the hub has no word for is `other` in the header.\n\n"
        + _table(("license", "rows"), ((name or "not stated", f"{count:,}") for name, count in rows.items()))
    )


def _digests(manifest: Manifest, files: Sequence[str]) -> str:
    pinned = [(f"SHA-256 of {name}", file.sha256) for name, file in zip(files, manifest.files, strict=True)]
    stated = manifest.digests
    return _table(
        ("what", "digest"),
        [
            ("recipe: what was asked", stated.recipe),
            ("sources: what it was asked of", stated.sources),
            ("content: the rows, in order", stated.content),
            ("prompts", manifest.prompt_digest),
            ("verifier", manifest.verifier_digest),
            *pinned,
        ],
    )


def _again(manifest: Manifest) -> list[str]:
    recipe = _stated(manifest.recipe)
    put_in = _without_digests(recipe, manifest)
    return [
        f"`manifest.json` is the whole description. With crossthink {manifest.crossthink}, the corpus"
        f" {_text(manifest.corpus.name)} ({manifest.corpus.items:,} items, content {manifest.corpus.content[:12]}) and this"
        f" recipe, {'completed as below, ' if put_in else ''}`crossthink blend recipe.yaml` gives the same digests.",
        "````yaml\n" + yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True, width=120) + "````",
        *(["Write into it:\n\n" + "\n".join(f"- {line}" for line in put_in)] if put_in else []),
    ]


def _without_digests(recipe: dict[str, Any], manifest: Manifest) -> list[str]:
    """Take what the manifest has digests for out of a recipe, and say what stands there in a recipe that can be blended."""
    lines = []
    if difficulty := recipe.get("difficulty"):
        if digest := difficulty.pop("sha256", None):
            difficulty["file"] = "PASS_RATES"
            lines.append(f"for `PASS_RATES`, the path of the file of pass rates whose SHA-256 is {_text(digest)}")
        elif measured := difficulty.pop("of", None):
            difficulty["name"] = [f"DIFFICULTY_{place}" for place in range(1, len(measured) + 1)]
            lines += [
                f"for `{name}`, the name of the difficulty in the workspace ({_text(each['model'])}) whose `pass_rates.parquet` has"
                f" SHA-256 {_text(each['sha256'])}"
                for name, each in zip(difficulty["name"], measured, strict=True)
            ]
        elif digests := difficulty.get("runs"):
            difficulty["runs"] = [f"RUN_{place}" for place in range(1, len(digests) + 1)]
            lines += [
                f"for `{run}`, the name of the run in the workspace whose `item_pass_rates.parquet` has SHA-256 {_text(digest)}"
                for run, digest in zip(difficulty["runs"], digests, strict=True)
            ]
    if tokenizer := recipe.get("tokenizer"):
        digest, name = tokenizer.pop("digest", ""), manifest.tokenizer.name if manifest.tokenizer else ""
        tokenizer["path"] = "TOKENIZER"
        lines.append(
            f"for `TOKENIZER`, the folder or hub id of the tokenizer {_text(name)} that `manifest.json` pins: tokenizer and"
            f" chat template have digest {_text(digest)}"
        )
    return lines


def _stated(value: Any) -> Any:
    """Return a recipe without the keys that say nothing."""
    if isinstance(value, dict):
        parts = {key: _stated(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part is not None and part not in ("", [], {})}
    return [_stated(part) for part in value] if isinstance(value, list) else value


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_text(str(cell)) for cell in line)} |" for line in lines)


def _text(text: str) -> str:
    """Return text in which Markdown and HTML see nothing of theirs."""
    plain = " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split())
    return "".join(f"\\{mark}" if mark in "\\`*_[]|#" else mark for mark in plain)

"""Contamination: planted leaks found, false flags, and CPU against two published n-gram rules.

    python -m benchmarks.contamination [--rows 200000] [--seeds 7 8 9] [--peers] [--paraphrases]

A corpus of planted rows is held to every evaluation set of `curate/configs/open-benchmarks.yaml`; what is left is written.
The peers are given the same questions and write what they keep:

    8-gram rule    open-r1's published decontamination: texts in lower case with single spaces, every run of eight words of
                   every question of a set in a dictionary, every row's runs looked up; once for each set
    datatrove      its n-gram decontamination (12 words, question and answer), in a Python of its own
                   (`make peers`)

Imports are counted for none of them.

Paraphrases: MMLU test questions that a model rewrote, once as questions alone and once with their options and golds.
"""

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

if __package__:  # not in the peer's Python, which runs this file as it is
    from benchmarks.harness import (
        CACHE,
        SEEDS,
        SHARED,
        as_parquet,
        measure,
        peer_python,
        planted,
        planted_items,
        print_table,
    )
    from benchmarks.rewriting import rewrite

IMPORTS = ("pyarrow.parquet", "pandas", "curate.contamination")
"""What a measured run has imported before its clock starts; PyArrow loads pandas when it reads a file whole."""

PLANTED = ("contam_exact", "contam_edited", "contam_embedded")
CPU_FILE = "cpu"
"""In it the peer's Python says what it took once all was imported, in seconds."""
SUBJECTS = ("abstract_algebra", "high_school_us_history")
UNRELATED = ("mmlu dev and val", "mmlu_aux_science", "arc")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--rows", type=int, default=200_000)
    arguments.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    arguments.add_argument("--peers", action="store_true", help="also run the two peers, on the first seed")
    arguments.add_argument("--paraphrases", action="store_true", help="only the table of paraphrases")
    asked = arguments.parse_args()
    if asked.paraphrases:
        print_paraphrases()
    else:
        print_planted(asked.rows, asked.seeds, asked.peers)


def print_planted(rows: int, seeds: list[int], with_peers: bool) -> None:
    """Print recall, false flags and cost on planted corpora."""
    files, table = benchmark_files(), []
    for seed in seeds:
        corpus, target = planted_items(rows, seed), CACHE / "contamination.parquet"
        floor = measure(rewrite, planted(rows, seed), target)
        ours = measure(decontaminate, corpus, files, target)
        table.append(
            row("this project", seed, planted(rows, seed), set(ours.result), ours.cpu, ours.peak_mib, floor.cpu)
        )
        if with_peers and seed == seeds[0]:
            for name, run in (("8-gram rule", eight_grams), ("datatrove", datatrove)):
                if name == "datatrove" and not peer_python():
                    continue
                place = CACHE / f"contamination-{run.__name__}"
                peer = measure(run, corpus, files, place)
                cpu = float((place / CPU_FILE).read_text()) if name == "datatrove" else peer.cpu
                table.append(row(name, seed, planted(rows, seed), set(peer.result), cpu, peer.peak_mib, floor.cpu))
                print(f"{name}: {cpu:.1f} s of CPU, {cpu / ours.cpu:.1f} times this project's {ours.cpu:.1f}")
    head = ["", "seed", "exact", "edited", "embedded", "false", "CPU s", "peak MiB", "/ rewrite"]
    print_table(f"{rows:,} rows against every shared benchmark, kept rows written", head, table)


def row(name: str, seed: int, folder: Path, found: set[str], cpu: float, peak: float, floor: float) -> list[object]:
    """One line of the table: recall per kind, rows flagged that hold nothing, and cost."""
    labels = {label["id"]: label["kind"] for label in map(json.loads, (folder / "labels.jsonl").open())}
    planted_rows = {kind: {key for key, own in labels.items() if own == kind} for kind in PLANTED}
    recall = [len(keys & found) / len(keys) for keys in planted_rows.values()]
    false = len(found.difference(*planted_rows.values()))
    return [name, seed, *recall, false, cpu, peak, cpu / floor]


def decontaminate(corpus: Path, benchmarks: list[Path], target: Path) -> list[str]:
    """Find what is contaminated, write the rest, return the keys of what was found."""
    import numpy as np
    import pyarrow.parquet as pq

    from crossthink.files import write_parquet
    from curate.contamination import BenchmarkIndex, ContaminationSettings, find_contamination
    from curate.table import PLACE, ItemTable

    items = ItemTable((corpus,))
    decision = find_contamination(items, BenchmarkIndex.of(ItemTable(tuple(benchmarks))), ContaminationSettings())
    is_in = np.ones(items.height, np.bool_)
    for drops in decision.drops:
        is_in[drops[PLACE].to_numpy()] = False
    table = pq.read_table(corpus)
    write_parquet(target, table.filter(is_in))
    return list(table["source_row"].filter(~is_in).to_pylist())


def eight_grams(corpus: Path, benchmarks: list[Path], target: Path) -> list[str]:
    """The 8-gram rule, from its published description; a pass over the corpus for each evaluation set, as published."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(corpus)
    texts = table["question"].to_pylist()
    flagged = [False] * len(texts)
    for path in benchmarks:
        known: dict[str, set[int]] = {}
        for place, question in enumerate(pq.read_table(path, columns=["question"])["question"].to_pylist()):
            for gram in _eight_grams(question):
                known.setdefault(gram, set()).add(place)
        for place, text in enumerate(texts):
            if any([gram in known for gram in _eight_grams(text)]):  # noqa: C419 - the published rule looks all of them up
                flagged[place] = True
    keep = pa.array([not flag for flag in flagged])
    pq.write_table(table.filter(keep), target, compression="zstd")
    return [key for key, flag in zip(table["source_row"].to_pylist(), flagged, strict=True) if flag]


def _eight_grams(text: str) -> list[str]:
    words = " ".join(text.lower().strip().split()).split()
    return [" ".join(words[start : start + 8]) for start in range(len(words) - 7)]


def datatrove(corpus: Path, benchmarks: list[Path], target: Path) -> list[str]:
    """Run this file in the peer's Python; the keys it dropped come back in a file."""
    command = [str(peer_python()), __file__, str(corpus), str(target), *map(str, benchmarks)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"datatrove failed: {ran.stderr[-2000:]}")
    kept = {json.loads(line)["id"] for line in (target / "kept" / "00000.jsonl").open()}
    import pyarrow.parquet as pq

    return [key for key in pq.read_table(corpus, columns=["source_row"])["source_row"].to_pylist() if key not in kept]


def run_datatrove(corpus: Path, target: Path, benchmarks: list[Path]) -> None:
    """The peer itself, in its own Python: its hashes of the benchmarks, then its filter and its writer."""
    import shutil

    import numpy as np
    import pyarrow.parquet as pq
    from datatrove.data import Document
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer
    from datatrove.pipeline.writers import JsonlWriter

    before = time.process_time()
    shutil.rmtree(target, ignore_errors=True)
    (target / "index").mkdir(parents=True)
    config = NGramsDecontConfig(find_query_ngrams=True)
    keep = NGramsDecontFilter(str(target / "index"), config=config)
    # Its indexer insists on a library of evaluation tasks; the hashes are its own all the same.
    parts = SimpleNamespace(config=keep.config, tokenizer=keep.tokenizer, hash_func=keep.hash_func)
    for path in benchmarks:
        items = pq.read_table(path, columns=["question", "answer"]).to_pylist()
        compute = NGramsDecontIndexer.compute_hashes
        hashes = {each for item in items for each in compute(parts, item["answer"] or "", item["question"])}
        found = np.array(sorted(hashes), dtype=keep.config.hash_config.np_descr)
        found.tofile(target / "index" / f"{path.parent.name}.index.hashes")

    def read(data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        for item in pq.read_table(corpus, columns=["source_row", "question"]).to_pylist():
            yield Document(text=item["question"], id=item["source_row"])

    writer = JsonlWriter(str(target / "kept"), output_filename="${rank}.jsonl", compression=None)
    LocalPipelineExecutor([read, keep, writer], tasks=1, logging_dir=str(target / "logs")).run()
    (target / CPU_FILE).write_text(str(time.process_time() - before))


def print_paraphrases() -> None:
    """Print what each path finds of rewritten MMLU questions, and what it flags of other questions of those subjects."""
    import polars as pl

    from curate.contamination import GREY_ZONE, LEAKS, BenchmarkIndex, ContaminationSettings, find_contamination
    from curate.table import ItemTable

    folder = CACHE / "paraphrases"
    mmlu = pl.concat(pl.read_parquet(path) for path in benchmark_files() if path.parent.name.endswith("-mmlu"))
    split = pl.col("extra").str.json_path_match("$.split")
    tests, others = mmlu.filter(split == "test"), mmlu.filter(split != "test")
    index = BenchmarkIndex.of(ItemTable((_write(tests, folder / "test.parquet"),)))
    sets: dict[str, tuple[Path, dict[int, str]]] = {}
    for subject in SUBJECTS:
        rows, truth = rewritten(tests, subject)
        alone = rows.with_columns(pl.lit(None).alias(name) for name in ("options", "answer", "answer_index"))
        for form, frame in (("question alone", alone), ("with options and gold", rows)):
            sets[f"{subject}, {form}"] = (_write(frame, folder / f"{subject} {form}.parquet"), truth)
    sets[UNRELATED[0]] = (_write(others, folder / "others.parquet"), {})
    for name in UNRELATED[1:]:
        sets[name] = (source_file("open-corpora", name), {})
    table = []
    for name, (path, truth) in sets.items():
        found: dict[str, dict[str, pl.DataFrame]] = {}
        for which, settings in (
            ("words", ContaminationSettings()),
            ("meaning", ContaminationSettings(semantic="wordllama")),
        ):
            tables = find_contamination(ItemTable((path,)), index, settings).tables
            found[which] = {key: pl.DataFrame(tables[key]) for key in (LEAKS, GREY_ZONE)}
        grams = eight_gram_pairs(path, tests)

        leaks, with_meaning = found["words"][LEAKS], found["meaning"][LEAKS]
        table.append(
            [
                name,
                len(truth) or pl.scan_parquet(path).select(pl.len()).collect().item(),
                _right_and_wrong(truth, grams),
                _right_and_wrong(truth, _keys(leaks, "ngram", "embedded")),
                _right_and_wrong(truth, _keys(leaks, "answer")),
                _right_and_wrong(truth, _keys(leaks)),
                _right_and_wrong(truth, _keys(with_meaning, "semantic")),
                _right_and_wrong(truth, _keys(with_meaning)),
                _right_and_wrong(truth, _keys(found["meaning"][GREY_ZONE])),
            ]
        )
    head = ["", "rows", "8-gram", "ngram", "answer", "all by words", "semantic", "all with semantic", "grey zone"]
    print_table(
        "Rewritten MMLU test questions: rows with the right item / rows flagged with no right item", head, table
    )


def _keys(pairs: Any, *paths: str) -> list[tuple[int, str]]:
    chosen = [pair for pair in pairs.iter_rows(named=True) if not paths or pair["path"] in paths]
    return [(pair["place"], pair["benchmark_row"]) for pair in chosen]


def _right_and_wrong(truth: dict[int, str], pairs: list[tuple[int, str]]) -> str:
    hit = {place for place, row in pairs if truth.get(place) == row}
    return f"{len(hit)} / {len({place for place, _ in pairs} - hit)}"


def rewritten(tests: Any, subject: str) -> tuple[Any, dict[int, str]]:
    """The paraphrases of one subject as items with options and golds, and which item each place is of."""
    import polars as pl

    folder = SHARED / "paraphrases" / "lmsys_mmlu"
    with (folder / f"{subject}_test.csv").open(newline="") as file:
        originals = [line[0] for line in csv.reader(file)]
    lines = (folder / f"{subject}_test_rephrase_english_filtered_question.jsonl").read_text().split("\n")
    texts = [json.loads(line)["text"] for line in lines if line.strip()]
    items = tests.filter(pl.col("subject") == subject)
    if items["question"].to_list() != originals:
        sys.exit(f"{folder}: the questions of {subject} are not those of the benchmark")
    is_there = [bool(text.strip()) for text in texts]
    rows = items.with_columns(question=pl.Series(texts)).filter(pl.Series(is_there))
    return rows, dict(enumerate(rows["source_row"]))


def eight_gram_pairs(path: Path, tests: Any) -> list[tuple[int, str]]:
    """What the 8-gram rule finds: every row with every item that it shares a run of eight words with."""
    import polars as pl

    known: dict[str, list[str]] = {}
    for key, question in tests.select("source_row", "question").iter_rows():
        for gram in _eight_grams(question):
            known.setdefault(gram, []).append(key)
    texts = pl.read_parquet(path, columns=["question"])["question"]
    return [
        (place, key) for place, text in enumerate(texts) for gram in _eight_grams(text) for key in known.get(gram, ())
    ]


def benchmark_files() -> list[Path]:
    """The items of every shared evaluation set, ingested once."""
    from crossthink.progress import Progress
    from crossthink.workspace import Workspace
    from curate.benchmarks import read_benchmarks
    from curate.config import SHIPPED, load_benchmarks

    chosen = load_benchmarks(SHIPPED / "open-benchmarks.yaml", SHARED)
    files = read_benchmarks(chosen, Workspace(CACHE / "workspace"), Progress()).items.files
    return [as_parquet(file, CACHE / "benchmarks" / f"{file.parent.name}") for file in files]


def source_file(config: str, name: str) -> Path:
    """The items of one source of a shipped configuration, ingested once."""
    from crossthink.progress import Progress
    from curate.benchmarks import ingest
    from curate.config import SHIPPED, load_curation
    from curate.ingest import INGESTED_FILE
    from curate.inputs import open_inputs

    settings, root = load_curation(SHIPPED / f"{config}.yaml", SHARED)
    [chosen] = [source for source in settings.sources if source.name == name]
    [opened] = open_inputs([chosen], root, CACHE / "generated")
    return as_parquet(
        ingest(opened, CACHE / "corpora", 0.05, Progress()).folder / INGESTED_FILE, CACHE / "sources" / name
    )


def _write(rows: Any, path: Path) -> Path:
    import polars as pl

    from crossthink.files import write_parquet
    from curate.items import ITEM_SCHEMA

    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(path, rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(ITEM_SCHEMA))
    return path


if __name__ == "__main__":
    if __package__:
        main()
    else:
        given = [Path(argument) for argument in sys.argv[1:]]
        run_datatrove(given[0], given[1], given[2:])

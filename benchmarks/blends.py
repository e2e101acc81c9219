"""A blend of 100,000 rows from the paper's 588,645, beside `datasets.interleave_datasets`; and what a blend costs afterwards.

    python -m benchmarks.blends [--rows 588645] [--size 100000] [--seed 7] [--tries 3]

Six sources have the sizes of Table 1 of arXiv 2504.13941 (other numbers of rows keep their proportions). This project curates
them once and then draws, orders and writes a blend with its manifest: two thirds general-purpose reasoning, batches of 128.
The peer reads the same six files as a user of `datasets` would: load, shuffle each by the seed, interleave with the same
probabilities, take as many rows, map them to the same prompts, write Parquet; with an empty cache, and once more with what the
first run left there. `map` gets batches, or a row at a time, as verl's own examples (`examples/data_preprocess`) call it. What
the peer does not do: hash what it reads and writes, give each batch every component's share, keep two forms of a question apart,
or say what it drew. All are timed from the start of the process to its end, in turns, and of each the try with the least CPU
counts. The other tables hold the export for verl
to rewriting that file, a check to hashing the blend's bytes twice, and looking things up to the interpreter's own start.

What every blend promises is checked on a million rows by `python -m benchmarks.random_blends`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.harness import CACHE, Measured, measure, parts, planted, print_table

SOURCES = {
    "mmlu": ("gpr", True, 99_842),
    "syn_qa": ("gpr", True, 192_930),
    "natural_reasoning": ("gpr", False, 100_000),
    "numina_math": ("math", False, 87_350),
    "persona_math": ("math", False, 100_000),
    "math": ("math", False, 8_523),
}
"""Domain, whether its questions show options, and rows; Table 1."""

TOTAL = sum(rows for _, _, rows in SOURCES.values())
GENERAL = Fraction(2, 3)
"""Share of general-purpose reasoning in gpr_up."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

PEERS = {
    "prompts last": (),
    "prompts last, row by row": ("--row-by-row",),
    "prompts first": ("--prompts-first",),
}

QUERIES = (
    "SELECT component, count(*) AS rows FROM blend_rows GROUP BY ALL ORDER BY rows DESC",
    "SELECT blend, version, rows, unnest(components, recursive := true) FROM blends",
    "SELECT batch, count(DISTINCT item_id) AS items FROM blend_rows GROUP BY batch ORDER BY items LIMIT 5",
    "SELECT source, template, count(*) AS rows FROM variants GROUP BY ALL ORDER BY ALL",
    "SELECT stage, reason, count(*) AS rows FROM dropped GROUP BY ALL ORDER BY rows DESC LIMIT 10",
)
"""Questions that a person asks of a workspace."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=TOTAL)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--tries", type=int, default=3, help="of each run the one with the least CPU counts")
    parser.add_argument("--as-peer", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--prompts-first", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--row-by-row", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.as_peer:
        interleave(*asked.as_peer, asked.size, asked.seed, asked.prompts_first, asked.row_by_row)
        return
    folder = sources(asked.rows, asked.seed)
    corpora = curated(folder)
    with tempfile.TemporaryDirectory(dir=os.environ.get("CROSSTHINK_SCRATCH")) as place:
        workspace = Path(place) / "workspace"
        print_making(folder, corpora, workspace, asked.size, asked.seed, asked.tries)
        print_using(workspace, asked.tries)


def print_making(folder: Path, corpora: Path, workspace: Path, size: int, seed: int, tries: int) -> None:
    """Print what making the blend costs, and leave it in the workspace."""

    def ours() -> Measured:
        subprocess.run(["rm", "-rf", str(workspace)], check=True)
        workspace.mkdir()
        (workspace / "corpora").symlink_to(corpora)
        return measure(run, *crossthink("blend", "gpr_up", "--corpus", "paper", "--size", size, "-w", workspace))

    def peer(cache: Path, *more: str) -> Measured:
        options = ["--as-peer", folder, cache / "blend.parquet", "--size", size, "--seed", seed, *more]
        return measure(run, sys.executable, "-m", "benchmarks.blends", *map(str, options), f"HF_HOME={cache}")

    found: dict[str, list[Measured]] = {}
    for place in range(tries):
        found.setdefault("this project", []).append(ours())
        for name, more in PEERS.items():
            cache = workspace.parent / f"{name} {place}"
            found.setdefault(f"interleave_datasets, {name}", []).append(peer(cache, *more))
            found.setdefault(f"interleave_datasets, {name}, cached", []).append(peer(cache, *more))
            subprocess.run(["rm", "-rf", str(cache)], check=True)
    runs = {name: min(each, key=lambda one: one.cpu) for name, each in found.items()}
    mine = runs["this project"]
    lines = [[name, each.cpu, mine.cpu / each.cpu, each.wall, each.peak_mib] for name, each in runs.items()]
    head = ["run", "CPU s", "this project / it", "wall s", "peak MiB"]
    print_table(f"A blend of {size:,} rows, from the start of the process to its end", head, lines)


def print_using(workspace: Path, tries: int) -> None:
    """Print what exporting, checking and asking cost."""
    export = workspace.parent / "export.parquet"
    run(*crossthink("blend", "natural", "--corpus", "paper", "-w", workspace))
    pairs: list[tuple[str, tuple[Any, ...], str, tuple[Any, ...]]] = [
        ("all rows for verl", (export_verl, workspace, export), "rewriting their file", (rewrite, workspace, export)),
        ("check", (check_blend, workspace), "hashing its rows twice", (hash_twice, workspace)),
        ("check --deep", (check_blend, workspace, True), "hashing its rows twice", (hash_twice, workspace)),
    ]
    lines = []
    for name, run_it, other, run_other in pairs:
        mine, floor = (least(lambda call=call: measure(*call), tries) for call in (run_it, run_other))
        mine_cpu, floor_cpu = mine.result, floor.result
        lines.append([name, mine_cpu, other, floor_cpu, mine_cpu / floor_cpu])
    print_table(
        "The same blend, inside a process that has loaded its libraries", ["", "CPU s", "", "CPU s", "ratio"], lines
    )
    calls = {"python -c pass": (sys.executable, "-c", "pass"), "crossthink --help": crossthink("--help")}
    calls["crossthink show"] = crossthink("show", "gpr_up", "-w", workspace)
    calls["crossthink check"] = crossthink("check", "gpr_up", "-w", workspace)
    calls |= {query: crossthink("sql", query, "-w", workspace) for query in QUERIES}
    asked = {name: least(lambda call=call: measure(run, *call), tries) for name, call in calls.items()}
    print_table("Looking", ["command or query", "wall s", "CPU s"], [[n, m.wall, m.cpu] for n, m in asked.items()])


def run(*command: str) -> None:
    """Run a command; a last word NAME=VALUE is put into its environment. Compiled modules are kept, as Python does by itself."""
    name, is_setting, value = command[-1].partition("=")
    words, setting = (command[:-1], {name: value}) if is_setting and name.isupper() else (command, {})
    subprocess.run(
        words, check=True, stdout=subprocess.DEVNULL, env=os.environ | setting | {"PYTHONDONTWRITEBYTECODE": ""}
    )


def crossthink(*arguments: object) -> tuple[str, ...]:
    return (sys.executable, "-m", "crossthink", *map(str, arguments))


def least(run_once: Callable[[], Measured], tries: int) -> Measured:
    """Of several runs the one with the least CPU: what disturbs a run only ever adds."""
    return min((run_once() for _ in range(tries)), key=lambda each: each.cpu)


def sources(rows: int, seed: int) -> Path:
    """Return a folder with one Parquet file per source; made when missing, from planted rows."""
    import polars as pl

    folder = CACHE / f"table-1-{rows}-{seed}"
    if not (folder / "math.parquet").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        read = pl.read_parquet(parts(planted(rows, seed))).sort(pl.col("type") != "mcq", maintain_order=True)
        first = 0
        for name, (domain, has_options, of_all) in SOURCES.items():
            count = rows - first if name == "math" else of_all * rows // TOTAL
            part = read.slice(first, count).with_columns(domain=pl.lit(domain))
            if not has_options:
                part = part.with_columns(options=pl.lit(None, part.schema["options"]), type=pl.lit("open"))
            part.write_parquet(folder / f"{name}.parquet", compression="zstd")
            first += count
    return folder


def curated(folder: Path) -> Path:
    """Return the corpora of a workspace that has the sources as the corpus `paper`; curated when missing."""
    workspace = CACHE / f"{folder.name}-workspace"
    if not (workspace / "corpora" / "paper" / "corpus.json").is_file():
        config = [f"name: paper\nroot: {folder}\nsources:"]
        for name, (domain, _, _) in SOURCES.items():
            file = f"{name}.parquet"
            config.append(
                f"  - {{name: {name}, adapter: qa_rows, files: [{file}], domain: {domain}, license: unknown}}"
            )
        path = folder / "paper.yaml"
        path.write_text("\n".join(config) + "\n")
        subprocess.run(crossthink("curate", path, "-w", workspace), check=True, stdout=sys.stderr)
    return workspace / "corpora"


def interleave(folder: Path, target: Path, size: int, seed: int, prompts_first: bool, row_by_row: bool) -> None:
    """The peer, as its documentation has it: every step a method of `datasets`."""
    from datasets import disable_progress_bars, interleave_datasets, load_dataset

    disable_progress_bars()
    files = {name: str(folder / f"{name}.parquet") for name in SOURCES}
    loaded = {name: load_dataset("parquet", data_files=file, split="train") for name, file in files.items()}
    rows_of = {
        domain: sum(len(loaded[name]) for name, kind in SOURCES.items() if kind[0] == domain)
        for domain in ("gpr", "math")
    }
    shares = {"gpr": GENERAL, "math": 1 - GENERAL}
    weights = [float(shares[kind[0]] * len(loaded[name]) / rows_of[kind[0]]) for name, kind in SOURCES.items()]
    told: dict[str, Any] = {"batched": True, "remove_columns": ["question", "options", "answer", "domain", "type"]}
    if row_by_row:
        told["batched"] = False
    make = to_prompt if row_by_row else to_prompts
    if prompts_first:
        loaded = {name: one.map(make, **told) for name, one in loaded.items()}
    mixed = interleave_datasets([one.shuffle(seed=seed) for one in loaded.values()], probabilities=weights, seed=seed)
    taken = mixed.select(range(size))
    (taken if prompts_first else taken.map(make, **told)).to_parquet(str(target))


def to_prompts(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Prompt and gold of a batch of rows, worded as the recipe's."""
    from blends.recipe import Prompt

    prompt, prompts, golds = Prompt(), [], []
    for question, options, answer in zip(batch["question"], batch["options"], batch["answer"], strict=True):
        text, gold = prompt.open.replace("{question}", question), answer
        if options:
            lines = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))
            text = prompt.mcq.replace("{question}", question).replace("{options}", lines)
            gold = LETTERS[options.index(answer)] if answer in options else answer
        prompts.append([{"role": "user", "content": text}])
        golds.append(gold)
    return {"prompt": prompts, "ground_truth": golds}


def to_prompt(row: dict[str, Any]) -> dict[str, Any]:
    """The same of one row."""
    made = to_prompts({name: [value] for name, value in row.items()})
    return {name: values[0] for name, values in made.items()}


def export_verl(workspace: Path, target: Path) -> float:
    """Write all rows as verl reads them; return the CPU seconds, as the others here do."""
    from blends.export.verl import write_training_rows

    return seconds(write_training_rows, _stored(workspace, "natural").rows_path, target)


def rewrite(workspace: Path, target: Path) -> float:
    """Read the file of all rows whole and write it again."""
    import pyarrow.parquet as pq

    source = _stored(workspace, "natural").rows_path
    return seconds(lambda: pq.write_table(pq.read_table(source), target, compression="zstd"))


def check_blend(workspace: Path, deep: bool = False) -> float:
    """Check the blend."""
    from manifests.store import check

    stored = _stored(workspace)
    return seconds(lambda: check(stored, deep=deep))


def hash_twice(workspace: Path) -> float:
    """Hash the bytes of the blend's rows, twice."""
    from crossthink.files import sha256_file

    path = _stored(workspace).rows_path
    return seconds(lambda: [sha256_file(path) for _ in range(2)])


def _stored(workspace: Path, name: str = "gpr_up") -> Any:
    from crossthink.workspace import Workspace
    from manifests.store import load

    return load(Workspace(workspace).manifests, name)


def seconds(function: Callable[..., Any], *arguments: Any) -> float:
    """CPU seconds that a call takes in this process, without what was loaded before."""
    import time

    before = time.process_time()
    function(*arguments)
    return time.process_time() - before


if __name__ == "__main__":
    sys.exit(main())

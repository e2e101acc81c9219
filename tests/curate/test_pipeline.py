"""The pipeline: nothing is lost, the same inputs give the same bytes, a kill costs one stage at most."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from crossthink.errors import UserError
from crossthink.files import digest
from crossthink.progress import Progress
from crossthink.workspace import Workspace
from curate import pipeline, stages
from curate.config import load_curation
from curate.corpus import read_corpus
from curate.done import ConservationError
from curate.stage import Outcome
from manifests.store import load
from tests.support import CommandLine, write_sample_config


def _files(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("[!.]*") if path.is_file()}


def _curate(config: Path, workspace: Path, *more: str) -> list[object]:
    return [sys.executable, "-m", "crossthink", "curate", config, "-w", workspace, *more]


def test_every_record_is_kept_or_dropped_with_a_reason(sample_workspace: Path) -> None:
    folder = sample_workspace / "corpora" / "sample"
    ledger = pl.read_parquet(folder / "ledger.parquet")
    assert ledger.filter(pl.col("rows_in") + pl.col("added") != pl.col("kept") + pl.col("dropped")).is_empty()
    read = dict(ledger.filter(pl.col("stage") == "ingest").select("source", "rows_in").iter_rows())
    assert read == {"mcq": 190, "open": 203, "sums": 40}  # the lines of the sample files
    chained = ledger.pivot("stage", index="source", values=["rows_in", "kept"])
    for before, after in (
        ("ingest", "malformed"),
        ("malformed", "exact_duplicates"),
        ("exact_duplicates", "contamination"),
        ("contamination", "near_duplicates"),
        ("near_duplicates", "templates"),
    ):
        assert chained[f"kept_{before}"].to_list() == chained[f"rows_in_{after}"].to_list()
    dropped = pl.read_parquet(folder / "dropped.parquet")
    assert dropped.height == ledger["dropped"].sum()
    assert dropped["reason"].null_count() == dropped["source_row"].null_count() == 0


def test_every_planted_fault_is_caught_as_what_it_is(sample_workspace: Path) -> None:
    """`curate/samples/FAULTS.md` lists them by file and line."""
    dropped = pl.read_parquet(sample_workspace / "corpora" / "sample" / "dropped.parquet")
    counts = dict(dropped.filter(pl.col("reason") != "needs_options").group_by("reason").len().iter_rows())
    assert counts == {
        "bad_record": 3,  # two csv rows with too few columns, a JSON line without its question
        "bad_json": 2,
        "bad_bytes": 1,
        "missing_question": 1,
        "missing_answer": 3,
        "gold_not_in_options": 2,
        "blank_option": 2,
        "duplicate_options": 2,
        "duplicate": 4,
        "conflicting_gold": 4,
        "contaminated": 1,  # the question that is held out
        "answer_too_long": 5,
    }
    unreadable = dropped.filter(pl.col("stage") == "ingest")
    assert unreadable["raw"].null_count() == 0
    assert unreadable["source_row"].str.contains(r"^\S+:\d+$").all()


def test_an_item_stays_if_and_only_if_a_variant_of_it_stays(sample_workspace: Path) -> None:
    folder = sample_workspace / "corpora" / "sample"
    items, variants = pl.read_parquet(folder / "items.parquet"), pl.read_parquet(folder / "variants.parquet")
    assert set(items["item_id"]) == set(variants["item_id"])
    assert items["item_id"].is_unique().all()
    assert variants["row_id"].is_unique().all()


def test_one_thread_and_two_give_the_same_bytes(tmp_path: Path, sample_workspace: Path) -> None:
    config = write_sample_config(tmp_path)
    shutil.rmtree(tmp_path / "one", ignore_errors=True)
    subprocess.run(
        _curate(config, tmp_path / "one", "--threads", "1", "--memory", "512MiB"), check=True, capture_output=True
    )
    one, two = _files(tmp_path / "one" / "corpora" / "sample"), _files(sample_workspace / "corpora" / "sample")
    assert one == two
    assert len(one) == 11
    blend = ["blend", "gpr_up", "--corpus", "sample", "--batch-size", "12", "--threads", "1", "-w", tmp_path / "one"]
    subprocess.run([sys.executable, "-m", "crossthink", *blend], check=True, capture_output=True)
    assert _files(tmp_path / "one/manifests/gpr_up/1") == _files(sample_workspace / "manifests/gpr_up/1")


def test_curating_columns_does_without_pandas(tmp_path: Path) -> None:
    """PyArrow loads it to look at a list or at a NumPy array, which takes longer than reading 50,000 rows."""
    rows = {"id": ["1", "2"], "question": ["What is 1 + 1?", "What is red?"], "options": [None, ["This", "That"]]}
    pl.DataFrame({**rows, "answer": ["2", "This"], "domain": ["math", "art"]}).write_parquet(tmp_path / "rows.parquet")
    source = "{name: rows, adapter: qa_rows, files: [rows.parquet], license: unknown}"
    (tmp_path / "rows.yaml").write_text(f"name: rows\nroot: .\nsources: [{source}]\n")
    code = (
        "import sys; from crossthink.cli import main\n"
        f"sys.argv = ['crossthink', 'curate', '{tmp_path / 'rows.yaml'}', '-w', '{tmp_path / 'w'}']\n"
        "try: main()\nexcept SystemExit as end: print(end.code, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 False"


def test_a_killed_run_goes_on_without_repeating_a_stage(tmp_path: Path, sample_workspace: Path) -> None:
    config, corpus = write_sample_config(tmp_path), tmp_path / "w" / "corpora" / "sample"
    process = subprocess.Popen(_curate(config, tmp_path / "w"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (corpus / ".stages" / "5-templates" / "stage.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (corpus / "corpus.json").exists()
    finished = {path: path.stat().st_mtime_ns for path in corpus.glob(".stages/*/stage.json")}
    assert len(finished) >= 8
    again = subprocess.run(_curate(config, tmp_path / "w"), check=True, capture_output=True, text=True)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert again.stderr.count(": stands (") == len(finished) + 1  # and the benchmark, which lies elsewhere
    assert _files(corpus) == _files(sample_workspace / "corpora" / "sample")


def test_a_finished_corpus_is_not_built_again(crossthink: CommandLine, tmp_path: Path, sample_workspace: Path) -> None:
    config = write_sample_config(tmp_path)
    shutil.copytree(sample_workspace, tmp_path / "w")
    code, _, said = crossthink("curate", config, "-w", tmp_path / "w")
    assert code == 0
    assert "stands as it was built" in said


def test_a_changed_setting_repeats_only_the_stages_it_reaches(
    crossthink: CommandLine, tmp_path: Path, sample_workspace: Path
) -> None:
    config = write_sample_config(tmp_path)
    config.write_text(config.read_text() + "filters: {max_answer_words: 3}\n")
    shutil.copytree(sample_workspace, tmp_path / "w")
    code, _, said = crossthink("curate", config, "-w", tmp_path / "w")
    assert code == 0
    for name in ("ingest exam", "ingest mcq", "malformed", "exact_duplicates", "contamination", "templates"):
        assert f"{name}: stands" in said
    assert "verifiable: stands" not in said


def test_a_damaged_corpus_is_built_again(crossthink: CommandLine, tmp_path: Path, sample_workspace: Path) -> None:
    config, workspace = write_sample_config(tmp_path), tmp_path / "w"
    shutil.copytree(sample_workspace, workspace)
    (workspace / "corpora/sample/items.parquet").write_bytes(b"not parquet")
    assert crossthink("curate", config, "-w", workspace)[0] == 0
    assert _files(workspace / "corpora/sample") == _files(sample_workspace / "corpora/sample")


def test_a_damaged_description_is_built_again(crossthink: CommandLine, tmp_path: Path, sample_workspace: Path) -> None:
    config, corpus = write_sample_config(tmp_path), tmp_path / "w/corpora/sample"
    shutil.copytree(sample_workspace, tmp_path / "w")
    (corpus / "corpus.json").write_text('{"name": "sample"}')
    (corpus / ".stages/9-of-another-configuration").mkdir()
    assert crossthink("curate", config, "-w", tmp_path / "w")[0] == 0
    assert _files(corpus) == _files(sample_workspace / "corpora/sample")
    assert not (corpus / ".stages/9-of-another-configuration").exists()


def test_a_corpus_and_its_manifests_keep_the_settings_that_their_digest_is_of(sample_workspace: Path) -> None:
    corpus = read_corpus(sample_workspace / "corpora/sample")
    record = load(sample_workspace / "manifests", "gpr_up").manifest.corpus
    assert digest(corpus.curation) == corpus.settings == record.settings
    assert corpus.curation == record.curation
    assert corpus.curation["filters"] == {"max_answer_words": 10}
    names = [[source["name"] for source in corpus.curation[key]] for key in ("sources", "benchmarks")]
    assert names == [["mcq", "open", "sums"], ["exam"]]


def test_a_corpus_whose_settings_were_edited_is_damaged_and_one_from_before_they_were_kept_reads(
    crossthink: CommandLine, tmp_path: Path, sample_workspace: Path
) -> None:
    shutil.copytree(sample_workspace, tmp_path / "w")
    path = tmp_path / "w/corpora/sample/corpus.json"
    whole = path.read_text()
    path.write_text(whole.replace('"max_answer_words": 10', '"max_answer_words": 11'))
    with pytest.raises(
        UserError, match=r"corpus\.json  curation: found settings of digest \w{64}, expected \w{64}\. The"
    ):
        read_corpus(path.parent)
    stated = json.loads(whole)
    del stated["curation"]
    path.write_text(json.dumps(stated))
    assert read_corpus(path.parent).record().curation == {}
    blend = ("blend", "gpr_up", "--corpus", "sample", "--batch-size", 12, "-w", tmp_path / "w")
    assert "stood already as version 1" in crossthink(*blend)[1]
    before = crossthink(*blend, "--name", "before")
    assert before[0] == 0, before[2]
    code, shown, _ = crossthink("diff", "before", "gpr_up", "-w", tmp_path / "w")
    assert (code, "curation" in shown) == (0, False)


def test_settings_say_no_place_of_a_model_or_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder/config.json").write_text("{}")
    model = str(tmp_path / "encoder")
    (tmp_path / "c.yaml").write_text(
        f"""
name: c
root: {tmp_path}
sources:
  - {{name: here, adapter: gsm8k, hub: {{id: {model}}}}}
  - {{name: files, adapter: gsm8k, files: [{tmp_path}/x.jsonl]}}
contamination: {{semantic: {model}}}
near_duplicates: {{semantic: {model}}}
judges:
  - {{name: local, model: {{model: {model}, key_from: SECRET_KEY}}}}
"""
    )
    stated = pipeline.asked_of(load_curation(tmp_path / "c.yaml")[0])
    text = json.dumps(stated)
    assert not [word for word in (str(tmp_path), "SECRET_KEY", "base_url", "budget") if word in text]
    before = stated["near_duplicates"]["semantic"]
    assert before == stated["contamination"]["semantic"]
    assert before.startswith("encoder@")
    (tmp_path / "encoder/config.json").write_text('{"layers": 2}')
    assert pipeline.asked_of(load_curation(tmp_path / "c.yaml")[0])["near_duplicates"]["semantic"] != before


def test_a_stage_that_loses_rows_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pipeline.make_variants
    monkeypatch.setattr(pipeline, "make_variants", lambda batch: whole(batch).head(5))
    config, root = load_curation(write_sample_config(tmp_path))
    with pytest.raises(ConservationError, match="templates does not conserve the rows of mcq"):
        pipeline.curate(config, root, Workspace(tmp_path / "w"), Progress())
    assert not (tmp_path / "w/corpora/sample/corpus.json").exists()


@pytest.mark.parametrize("places", [[3, 3], [4, 2], [10_000], [0]])
def test_a_stage_that_drops_what_it_was_not_given_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: list[int]
) -> None:
    def odd(_: object, __: object) -> Outcome:
        drops = pl.DataFrame({"place": places, "reason": "duplicate", "evidence": None})
        return Outcome([drops])

    def first_goes(_: object) -> Outcome:
        return Outcome([pl.DataFrame({"place": [0], "reason": ["missing_answer"], "evidence": [None]})])

    monkeypatch.setattr(stages, "drop_malformed", first_goes)
    monkeypatch.setattr(stages, "drop_exact_duplicates", odd)
    config, root = load_curation(write_sample_config(tmp_path))
    with pytest.raises(ConservationError, match="exact_duplicates drops a row twice, or one that it was not given"):
        pipeline.curate(config, root, Workspace(tmp_path / "w"), Progress())


def test_a_source_that_loses_most_of_its_rows_is_said_loudly(crossthink: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    long = "a very long answer that no rule can compare with anything at all"
    file.write_text("".join(f'{{"question": "Why {n}?", "reference_answer": "{long}"}}\n' for n in range(9)) + "\n")
    with file.open("a") as lines:
        lines.write('{"question": "Why not?", "reference_answer": "because"}\n')
    config = tmp_path / "c.yaml"
    config.write_text(f"name: c\nsources:\n  - {{name: essays, adapter: natural_reasoning, files: [{file}]}}\n")
    code, _, said = crossthink("curate", config, "-w", tmp_path / "w")
    assert code == 0
    assert "! essays loses 90% of its rows in verifiable, most as answer_too_long" in said


@pytest.mark.parametrize("damage", ["cut", "list", "gone", "rows", "bit"])
def test_a_damaged_stage_is_done_again(
    crossthink: CommandLine, tmp_path: Path, sample_workspace: Path, damage: str
) -> None:
    config, corpus = write_sample_config(tmp_path), tmp_path / "w/corpora/sample"
    shutil.copytree(sample_workspace, tmp_path / "w")
    (corpus / "corpus.json").unlink()
    stage = corpus / ".stages/5-templates"
    if damage == "cut":
        (stage / "stage.json").write_bytes((stage / "stage.json").read_bytes()[:20])
    elif damage == "list":
        (stage / "stage.json").write_text("[]")
    elif damage == "gone":
        (stage / pipeline.variants_file(0)).unlink()
    elif damage == "bit":
        rows = bytearray((stage / pipeline.variants_file(0)).read_bytes())
        rows[len(rows) // 2] ^= 1
        (stage / pipeline.variants_file(0)).write_bytes(rows)
    else:
        (stage / "drops.parquet").write_bytes(b"PAR1")
    (corpus / ".stages/.5-templates.99999.tmp").mkdir()
    code, _, said = crossthink("curate", config, "-w", tmp_path / "w")
    assert code == 0, said
    assert "templates: stands" not in said
    assert "exact_duplicates: stands" in said
    assert _files(corpus) == _files(sample_workspace / "corpora/sample")
    assert not list(corpus.rglob(".*.tmp"))


def test_a_curation_that_fails_leaves_the_corpus_that_stood(
    crossthink: CommandLine, tmp_path: Path, sample_workspace: Path
) -> None:
    config = write_sample_config(tmp_path)
    shutil.copytree(sample_workspace, tmp_path / "w")
    (tmp_path / "bad.jsonl").write_text("not json\n")
    config.write_text(config.read_text() + f"  - {{name: bad, adapter: gsm8k, files: [{tmp_path}/bad.jsonl]}}\n")
    assert crossthink("curate", config, "-w", tmp_path / "w")[0] == 2
    assert _files(tmp_path / "w/corpora/sample") == _files(sample_workspace / "corpora/sample")
    assert crossthink("curate", config, "-w", tmp_path / "w")[0] == 2  # the stage that stands is judged again


def test_a_folder_with_pattern_characters_is_only_a_folder(crossthink: CommandLine, tmp_path: Path) -> None:
    for name, count in (("w*x", 3), ("w?x", 5), ("w[1]", 4)):
        data = tmp_path / name / "data"
        data.mkdir(parents=True)
        lines = [f'{{"question": "{name} plus {n}?", "answer": "#### {n}"}}\n' for n in range(count)]
        (data / "rows.jsonl").write_text("".join(lines))
        config = tmp_path / name / "c.yaml"
        config.write_text("name: c\nroot: data\nsources:\n  - {name: s, adapter: gsm8k, files: ['*.jsonl']}\n")
        code, _, said = crossthink("curate", config, "-w", tmp_path / name)
        assert code == 0, said
    for name, count in (("w*x", 3), ("w?x", 5), ("w[1]", 4)):
        code, _, said = crossthink("blend", "natural", "--corpus", "c", "--batch-size", 1, "-w", tmp_path / name)
        assert code == 0, said
        assert load(tmp_path / name / "manifests", "natural").rows().num_rows == count


def test_settings_that_change_no_result_change_no_digest(
    crossthink: CommandLine, tmp_path: Path, sample_workspace: Path
) -> None:
    config = write_sample_config(tmp_path)
    config.write_text(config.read_text() + "self_check: {workers: 1}\n")
    shutil.copytree(sample_workspace, tmp_path / "w")
    assert "stands as it was built" in crossthink("curate", config, "-w", tmp_path / "w")[2]

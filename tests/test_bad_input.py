"""Bad input: each gives one clear message and exit code 2, names the place, and leaves no traceback and no half output."""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import CommandLine

GOOD_ROW = '{"question": "What is 1 plus 2?", "answer": "#### 3"}\n'
CURATION = "name: c\nsources:\n  - {{name: s, adapter: {adapter}, files: [{file}]}}\n"
RECIPE = "name: r\ncorpus: sample\nbatch_size: 4\ncomponents:\n  - {name: a, proportion: 1}\n"

Case = Callable[[Path], list[object]]


def _curation(text: str) -> Case:
    def case(folder: Path) -> list[object]:
        (folder / "c.yaml").write_text(text.replace("DATA", str(folder)))
        return ["curate", folder / "c.yaml"]

    return case


def _source(content: bytes, name: str = "rows.jsonl", adapter: str = "gsm8k") -> Case:
    def case(folder: Path) -> list[object]:
        (folder / name).write_bytes(content)
        return _curation(CURATION.format(adapter=adapter, file=folder / name))(folder)

    return case


def _recipe(text: str, *more: object) -> Case:
    def case(folder: Path) -> list[object]:
        (folder / "r.yaml").write_text(text)
        return ["blend", folder / "r.yaml", *more]

    return case


def _command(*arguments: object) -> Case:
    return lambda _: list(arguments)


def _tampered(file: str, change: Callable[[bytes], bytes], command: str = "check") -> Case:
    def case(folder: Path) -> list[object]:
        manifest = folder / "w/manifests/gpr_up/1/manifest.json"
        path = manifest if file == manifest.name else next(folder.glob("w/manifests/objects/*/*.parquet"))
        path.write_bytes(change(path.read_bytes()))
        return [command, "gpr_up"]

    return case


def _damaged_corpus(folder: Path) -> list[object]:
    (folder / "w/corpora/sample/corpus.json").write_text('{"name": 3}')
    return ["blend", "natural", "--corpus", "sample"]


def _newer(place: str, *arguments: object) -> Case:
    """A record as a later version of the program might write it."""

    def case(folder: Path) -> list[object]:
        path = folder / "w" / place
        stated = json.loads(path.read_text())
        path.write_text(json.dumps({**stated, "schema_version": 9, "new": 1}))
        return list(arguments)

    return case


def _unfinished_corpus(folder: Path) -> list[object]:
    (folder / "w/corpora/sample/corpus.json").unlink()
    return ["blend", "natural", "--corpus", "sample"]


def _damaged_items(folder: Path) -> list[object]:
    (folder / "w/corpora/sample/items.parquet").write_bytes(b"")
    return ["sql", "SELECT count(*) FROM items"]


def _mapping(text: str | bytes) -> Case:
    """A source of one good row that is read by a mapping of the user's own."""

    def case(folder: Path) -> list[object]:
        (folder / "m.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
        (folder / "rows.jsonl").write_text('{"q": "What is 1 plus 2?", "a": "3", "parts": "3, 4"}\n')
        return _curation(CURATION.format(adapter="m.yaml", file="rows.jsonl"))(folder)

    return case


def _benchmarks(text: str, more: str = "benchmarks: b.yaml\n") -> Case:
    """A curation of one good row that is held to a set of benchmarks."""

    def case(folder: Path) -> list[object]:
        (folder / "b.yaml").write_text(text)
        (folder / "rows.jsonl").write_text(GOOD_ROW)
        return _curation(CURATION.format(adapter="gsm8k", file="rows.jsonl") + more)(folder)

    return case


def _decontaminate(corpus: str, *more: object) -> Case:
    def case(folder: Path) -> list[object]:
        (folder / "b.yaml").write_text(BENCHMARKS)
        (folder / "rows.jsonl").write_text(GOOD_ROW)
        given = [str(each).replace("DATA", str(folder)) for each in more]
        return ["decontaminate", corpus, "--against", folder / "b.yaml", *given]

    return case


def _without_corpus_json(*arguments: object) -> Case:
    def case(folder: Path) -> list[object]:
        (folder / "w/corpora/sample/corpus.json").unlink()
        return list(arguments)

    return case


def _guess(name: str, content: bytes | None) -> Case:
    def case(folder: Path) -> list[object]:
        if content is not None:
            (folder / name).write_bytes(content)
        return ["sources", "guess", folder / name]

    return case


def _output(place: str) -> Case:
    return lambda folder: ["sql", "SELECT 1 AS a", "-f", "csv", "-o", folder / place]


def _mostly(bad: bytes) -> Case:
    return _source(GOOD_ROW.encode() * 3 + bad)


def _share(value: str) -> Case:
    return _recipe(RECIPE.replace("proportion: 1", f"proportion: {value}"))


PACKED = gzip.compress((GOOD_ROW * 5000).encode())
BENCHMARKS = "name: b\nsources:\n  - {name: exam, adapter: gsm8k, role: benchmark, files: [rows.jsonl]}\n"
INLINE = "benchmarks: {name: b, sources: [{name: exam, adapter: gsm8k, files: [rows.jsonl]}]}\n"
SOURCES = "name: c\nsources:\n  - {name: s, adapter: gsm8k, files: [x.jsonl]"

CASES: dict[str, tuple[Case, str]] = {
    # sources
    "an empty file": (_source(b""), r"rows\.jsonl: .*empty|rows\.jsonl: .*no rows"),
    "a truncated gzip": (_source(PACKED[: len(PACKED) // 2], "rows.jsonl.gz"), r"rows\.jsonl\.gz"),
    "a gzip that is none": (_source(b"plain text", "rows.jsonl.gz"), r"rows\.jsonl\.gz"),
    "a zip that is none": (_source(b"PK nonsense", "rows.zip"), r"rows\.zip"),
    "a parquet that is none": (_source(b"PAR1 nonsense", "rows.parquet"), r"rows\.parquet"),
    "the wrong schema": (
        _source(b'{"problem": "1+1", "answer": "2"}\n'),
        r"1 of 1 records .*rows\.jsonl:1 .*question|rows\.jsonl:1 .*answer",
    ),
    "mostly broken JSON": (_mostly(b'{"question": \n' * 5), r"5 of 8 records .*rows\.jsonl:4"),
    "mostly bad bytes": (_mostly(b'{"question": "\xff"}\n' * 5), r"5 of 8 records .*rows\.jsonl:4"),
    "a list of numbers": (_source(b"[1, 2, 3]", "rows.json"), r"3 of 3 records .*rows\.json"),
    "a missing file": (_curation(CURATION.format(adapter="gsm8k", file="DATA/nowhere.jsonl")), r"nowhere\.jsonl"),
    "a glob that matches nothing": (_curation(CURATION.format(adapter="gsm8k", file='"DATA/*.none"')), r"\*\.none"),
    "a shipped curation without its data": (
        _command("curate", "open-corpora"),
        r"\.jsonl: there is no such file\. A shipped configuration comes without data; say with --data FOLDER",
    ),
    "a hub data set that is not there": (
        _curation("name: c\nsources:\n  - {name: s, adapter: gsm8k, hub: {id: DATA/none}}\n"),
        r"none",
    ),
    "a CSV of a spreadsheet in Windows-1252": (
        _source("question,answer\nWas ist größer?,3\n".encode("cp1252"), "rows.csv"),
        r"First: rows\.csv:2 holds bytes that are not UTF-8; .*iconv -f WINDOWS-1252",
    ),
    "a header in Windows-1252": (
        _source("question,größe\n1?,3\n".encode("cp1252"), "rows.csv"),
        r"rows\.csv:1: the header holds bytes that are not UTF-8; .*iconv",
    ),
    "UTF-16": (_source(GOOD_ROW.encode("utf-16")), r"rows\.jsonl: is written in UTF-16; .*iconv -f UTF-16"),
    "a CSV parted by semicolons": (
        _source(b"question;answer\nIs 1, or 2, right?;3\n", "rows.csv"),
        r"rows\.csv:1: the header is one cell, 'question;answer', which looks parted by ';'; expected ','",
    ),
    "a TSV parted by commas": (
        _source(b"question,answer\nWho?,3\n", "rows.tsv"),
        r"looks parted by ','; expected '\\t'",
    ),
    "a device for a file": (_curation(CURATION.format(adapter="gsm8k", file="/dev/null")), r"/dev/null: is no file"),
    # curation files
    "no such config": (_command("curate", "nowhere.yaml"), r"nowhere\.yaml: no such file"),
    "no shipped config of this name": (_command("curate", "demos"), r"'demos'.*Did you mean 'demo'"),
    "an empty config": (_curation(""), r"c\.yaml: .*an empty file"),
    "not YAML": (_curation("name: [unclosed"), r"c\.yaml:\d+  not valid YAML"),
    "an unknown key": (
        _curation(SOURCES + "}\nfilters: {max_answer_word: 3}"),
        r"c\.yaml:4  filters\.max_answer_word: unknown key\. Did you mean 'max_answer_words'",
    ),
    "a key twice": (_curation("name: a\nname: b\n"), r"c\.yaml:2  name: the key stands twice"),
    "an unknown adapter": (_curation(SOURCES.replace("gsm8k", "gsm8") + "}"), r"'gsm8' is not known\. Did you mean"),
    "files and hub at once": (
        _curation(SOURCES + ", hub: {id: x}}"),
        r"exactly one of files, hub, generate and synthetic",
    ),
    "a source without input": (_curation(SOURCES.replace("files: [x.jsonl]", "revision: x") + "}"), r"found none"),
    "the same source twice": (_curation(SOURCES + "}\n" + SOURCES.split("\n")[2] + "}"), r"'s' stands twice"),
    "a name that leaves the workspace": (
        _curation(SOURCES.replace("name: c", "name: ../c") + "}"),
        r"name: .*'\.\./c'",
    ),
    "a negative limit": (_curation(SOURCES + "}\nlimits: {unreadable_share: -1}"), r"limits\.unreadable_share: .*-1"),
    "a word for a number": (_curation(SOURCES + "}\nfilters: {max_answer_words: ten}"), r"max_answer_words: .*'ten'"),
    "anchors and aliases": (_curation("name: &a c\nroot: *a\n"), r"c\.yaml:1 &a: anchors and aliases are not read"),
    "nesting without end": (_curation("name: " + "[" * 3000), r"c\.yaml:1 nested more than 50 levels"),
    "a list as a key": (_curation("name: c\n? [a, b]\n: 1"), r"c\.yaml:2 expected a word as a key"),
    "half a surrogate pair": (_curation('name: "\\uD800"'), r"c\.yaml:1 .*half a surrogate pair"),
    "a number beyond 64 bits": (_curation("name: c\nlimits: 1" + "0" * 30), r"c\.yaml:2 .*more than 64 bits"),
    "a config below a file": (
        lambda folder: ["curate", _curation("name: c")(folder)[1] / "x.yaml"],  # type: ignore[operator]
        r"c\.yaml/x\.yaml: Not a directory",
    ),
    "a workspace that is a file": (
        lambda folder: ["curate", "demo", "-w", _curation("name: c")(folder)[1]],
        r"--workspace .*c\.yaml: is no folder",
    ),
    "a name beyond the file system's": (_command("curate", "a" * 300 + ".yaml"), r"a{300}\.yaml: File name too long"),
    # mappings
    "a mapping with an unknown key": (
        _mapping("questoin: q"),
        r"m\.yaml:1  questoin: unknown key\. Did you mean 'question'",
    ),
    "a mapping with an unknown key of a text": (
        _mapping("question: {pth: q}"),
        r"question\.pth: .*Did you mean 'path'",
    ),
    "a mapping that is missing": (
        _curation(CURATION.format(adapter="m.yaml", file="x.jsonl")),
        r"m\.yaml: no such file",
    ),
    "a mapping that is not UTF-8": (_mapping(b"question: q\nabout: \xff"), r"m\.yaml: byte 19 is not UTF-8"),
    "a mapping that is the configuration": (
        _curation(CURATION.format(adapter="c.yaml", file="x.jsonl")),
        r"c\.yaml:2  sources: unknown key",
    ),
    "a path that is none": (
        _mapping("question: q..b"),
        r"m\.yaml:1  question: path 'q\.\.b': cannot be read from",
    ),
    "a pattern that is none": (
        _mapping("question: {path: q, match: '('}"),
        r"question\.match: '\(' is no regular expr",
    ),
    "options of a wrong type": (_mapping("question: q\noptions: 3"), r"m\.yaml:2  options\[0\]: .*found 3"),
    "a gold that is none": (_mapping("question: q\nanswer: {path: a, gold: leter}"), r"answer\.gold: .*found 'leter'"),
    "a gold by labels that are not there": (
        _mapping("question: q\nanswer: {path: a, gold: label}"),
        r"answer\.gold: label needs options with labels",
    ),
    "a kind of answer that is none": (_mapping("question: q\nanswer_kind: numbr"), r"'numbr'.*Did you mean 'number'"),
    "a key that no row has": (
        _mapping("question: q\nanswer: b"),
        r"1 of 1 records .*rows\.jsonl:1 b: the key is missing",
    ),
    "a placeholder without a group": (
        _mapping("question: {path: q, fill: {placeholder: What, values: a}}"),
        r"m\.yaml:1  question\.fill\.placeholder: 'What' has 0 groups, expected one",
    ),
    "a placeholder that is no place": (
        _mapping("question: {path: q, fill: {placeholder: (What), values: a}}"),
        r"1 of 1 records .*rows\.jsonl:1 .*'What'",
    ),
    "options cut by a pattern with groups": (
        _mapping("question: q\nanswer: a\noptions: {path: parts, split: '(;)|,'}"),
        r"options\[0\]\.split: '\(;\)\|,' has 1 groups?, expected none",
    ),
    "a mapping of a benchmark among the sources": (
        _mapping("role: benchmark\nquestion: q\nanswer: a"),
        r"'s' is a benchmark, which is never trained on",
    ),
    # benchmarks, and the settings of stages
    "a set of benchmarks that is missing": (
        _curation(CURATION.format(adapter="gsm8k", file="x.jsonl") + "benchmarks: b.yaml"),
        r"b\.yaml: no such file",
    ),
    "a shipped set that there is not": (
        _benchmarks("", "benchmarks: open-benchmark"),
        r"Did you mean 'open-benchmarks'",
    ),
    "an empty set of benchmarks": (_benchmarks(""), r"b\.yaml: .*an empty file"),
    "a set without sources": (_benchmarks("name: b\nsources: []"), r"b\.yaml:2  sources: .*at least 1"),
    "a set whose files are missing": (
        _benchmarks(BENCHMARKS.replace("rows", "nowhere")),
        r"nowhere\.jsonl: there is no such file",
    ),
    "a benchmark of the wrong role": (
        _benchmarks(BENCHMARKS.replace("role: benchmark, ", "")),
        r"b\.yaml  sources: 'exam' is no benchmark",
    ),
    "a benchmark of the wrong role within the configuration": (_benchmarks("", INLINE), r"'exam' is no benchmark"),
    "a source with the role of a benchmark": (
        _curation(SOURCES + ", role: benchmark}"),
        r"'s' is a benchmark, which is never trained on",
    ),
    "no bands": (
        _curation(SOURCES + "}\nnear_duplicates: {bands: 0}"),
        r"c\.yaml:4  near_duplicates\.bands: .*found 0",
    ),
    "a similarity above one": (
        _curation(SOURCES + "}\nnear_duplicates: {least_similarity: 1.1}"),
        r"near_duplicates\.least_similarity: .*found 1\.1",
    ),
    "a misspelt threshold": (
        _curation(SOURCES + "}\ncontamination: {text_shar: 1}"),
        r"contamination\.text_shar: unknown key\. Did you mean 'text_share'",
    ),
    "a signal that there is not": (_curation(SOURCES + "}\nsignals: {drop: [none]}"), r"signals\.drop: signal 'none'"),
    "memory that is none": (_command("curate", "demo", "--memory", "lots"), r"memory: found 'lots', expected a number"),
    "too little memory": (
        _command("curate", "demo", "--memory", "1MiB"),
        r"memory: found '1MiB', expected at least 512MiB",
    ),
    # decontaminate, profile, sources
    "a corpus to decontaminate that is not there": (_decontaminate("sampel"), r"no corpus of this name.*Did you mean"),
    "a corpus to decontaminate that is not finished": (
        _without_corpus_json("decontaminate", "sample", "--against", "open-benchmarks"),
        r"curation has not finished",
    ),
    "a corpus to profile that is not finished": (
        _without_corpus_json("profile", "sample"),
        r"curation has not finished",
    ),
    "a corpus to profile that is not there": (_command("profile", "sampel"), r"Did you mean 'sample'"),
    "no such set to decontaminate against": (
        _command("decontaminate", "sample", "--against", "open"),
        r"'open': no shipped set of benchmarks of this name",
    ),
    "a curation to decontaminate against": (
        _command("decontaminate", "sample", "--against", "demo"),
        r"'demo': no shipped set of benchmarks of this name\. There are: open-benchmarks\. Your own is",
    ),
    "a report of unknown format": (
        _decontaminate("sample", "--report", "DATA/x.txt"),
        r"x\.txt: found the ending '\.txt', expected one of \.csv, \.json, \.parquet",
    ),
    "a report below a file": (
        _decontaminate("sample", "--report", "DATA/b.yaml/x.json"),
        r"b\.yaml is a file, expected a folder",
    ),
    "a schema that there is not": (_command("sources", "show", "gsm"), r"'gsm' is not known\. Did you mean 'gsm8k'"),
    "a file to guess that is missing": (_guess("x.jsonl", None), r"x\.jsonl: there is no such file"),
    "an unknown format to guess": (_guess("x.xlsx", b"PK"), r"x\.xlsx: expected a file of "),
    "bytes to guess": (_guess("x.jsonl", b"\xff\xfe\xfd\n" * 9), r"x\.jsonl: is written in UTF-16; "),
    "a CSV in Windows-1252 to guess": (
        _guess("x.csv", "question,answer\nWas ist größer?,3\n".encode("cp1252")),
        r"none of the first 1 row can be read\. First: x\.csv:2 holds bytes that are not UTF-8; .*iconv",
    ),
    "a CSV parted by semicolons to guess": (
        _guess("x.csv", b"question;answer\nWho?;3\n"),
        r"x\.csv:1: .*parted by ';'",
    ),
    "broken JSON to guess": (_guess("x.jsonl", b'{"q": \n' * 3), r"none of the first 3 rows .*x\.jsonl:1 column"),
    "nothing to guess": (_guess("x.jsonl", b""), r"x\.jsonl: holds no rows"),
    "a truncated gzip to guess": (
        _guess("x.jsonl.gz", PACKED[:40]),
        r"x\.jsonl\.gz: cannot be read .*cut short or damaged",
    ),
    "a parquet to guess that is none": (_guess("x.parquet", b"PAR1"), r"x\.parquet: is not a readable \.parquet file"),
    # recipes
    "a folder of pass rates": (_recipe(RECIPE + "difficulty: {file: /}\n"), r"difficulty\.file /: is a folder"),
    "a weight with a huge exponent": (_share("1e999999999"), r"r\.yaml:5 .*expected a share .*'1e999999999'"),
    "a weight with a tiny exponent": (_share("1e-999999999"), r"r\.yaml:5 .*expected a share .*'1e-999999999'"),
    "a name with a slash on the command line": (_recipe(RECIPE, "--name", "a/b"), r"--name: .*'a/b'"),
    "a seed beyond 64 bits": (_recipe(RECIPE, "--seed", str(2**63)), r"--seed: .*at most 64 bits"),
    "a size for a blend that takes all": (
        _recipe(RECIPE.replace("proportion: 1", "all: true"), "--size", "2"),
        r"r\.yaml:1 \(with --size\): a has rows of its own",
    ),
    "a weight of zero": (_share("0"), r"r\.yaml:5  components\[0\]\.proportion: .*above 0.*found 0"),
    "a negative weight": (_share("-0.5"), r"found -0\.5"),
    "a weight that is not a number": (_share(".nan"), r"expected a share .*nan"),
    "an infinite weight": (_share(".inf"), r"expected a share .*inf"),
    "a weight by zero": (_share("1/0"), r"expected a share .*1/0"),
    "weights that do not sum to one": (_share("0.5"), r"sum to 0\.5, expected 1"),
    "a component without a share": (
        _recipe(RECIPE.replace(", proportion: 1", "")),
        r"exactly one of 'all', 'proportion', 'repeat' and 'count', found none",
    ),
    "a misspelt key": (_recipe(RECIPE.replace("proportion", "propotion")), r"Did you mean 'proportion'"),
    "a source that is not in the corpus": (
        _recipe(RECIPE.replace("proportion: 1", "proportion: 1, select: {source: [mqc]}")),
        r"component a: select\.source is 'mqc'.*Did you mean 'mcq'",
    ),
    "a component that matches nothing": (
        _recipe(RECIPE.replace("proportion: 1", "proportion: 1, select: {source: [sums], template: [mcq]}")),
        r"component a: no row of the corpus matches it",
    ),
    "a batch larger than the blend": (
        _recipe(RECIPE.replace("batch_size: 4", "batch_size: 100000")),
        r"one batch of 100,000",
    ),
    "too many repeats": (
        _recipe(RECIPE + "when_short: repeat\nsize: 100000\n"),
        r"component a: 100,000 rows are asked of \d+, .*max_repeats is 4",
    ),
    "a prompt without its question": (
        _recipe(RECIPE + "prompt: {open: Answer!}\n"),
        r"prompt: open: the prompt has no \{question\}",
    ),
    "prompts longer than the limit": (
        _recipe(RECIPE + "max_prompt_characters: 5\n"),
        r"longer than max_prompt_characters \(5\)",
    ),
    "no corpus named": (_command("blend", "natural"), r"names no corpus"),
    "a corpus that does not exist": (
        _command("blend", "natural", "--corpus", "sampel"),
        r"no corpus of this name.*Did you mean 'sample'",
    ),
    "a corpus of a newer version": (
        _newer("corpora/sample/corpus.json", "blend", "natural", "--corpus", "sample"),
        r"corpus\.json schema_version: found 9, expected 1: another version of crossthink wrote it",
    ),
    "a corpus of a newer version to show": (
        _newer("corpora/sample/corpus.json", "show", "sample"),
        r"corpus\.json schema_version: found 9, expected 1",
    ),
    "a blend of a newer version": (
        _newer("manifests/gpr_up/1/manifest.json", "show", "gpr_up"),
        r"manifest\.json: schema_version: found 9, expected 2: another version of crossthink wrote it",
    ),
    "neither a blend nor a corpus": (
        _command("show", "sampel"),
        r"no blend of this name\. There are: gpr_up\. Nor a corpus; there are: sample\. Did you mean 'sample'",
    ),
    "a corpus that is damaged": (_damaged_corpus, r"corpus\.json  \w+: "),
    "a corpus that is not finished": (_unfinished_corpus, r"curation has not finished"),
    "a recipe that does not exist": (_command("blend", "gpr_upp"), r"'gpr_upp'.*Did you mean 'gpr_up'"),
    "a size of zero": (_command("blend", "natural", "--size", "0"), r"--size.*greater than or equal to 1"),
    # manifests
    "a manifest with a changed byte": (
        _tampered("manifest.json", lambda text: text.replace(b'"trimmed": ', b'"trimmed": 1', 1)),
        r"manifest\.json  seal: ",
    ),
    "a half-written manifest": (
        _tampered("manifest.json", lambda text: text[:99]),
        r"manifest\.json: line \d+: not valid JSON",
    ),
    "a manifest that is none": (_tampered("manifest.json", lambda _: b"[]\n"), r"manifest\.json: not a manifest"),
    "rows with a changed byte": (
        _tampered("rows.parquet", lambda text: text[:200] + bytes([text[200] ^ 1]) + text[201:]),
        r"\(rows\.parquet\)  sha256: found \w+, expected \w+",
    ),
    "rows that are cut": (
        _tampered("rows.parquet", lambda text: text[:-1]),
        r"\(rows\.parquet\)  bytes: found \d+, expected \d+",
    ),
    "a blend that does not exist": (_command("check", "gpr_ub"), r"no blend of this name.*Did you mean 'gpr_up'"),
    "a version that does not exist": (_command("check", "gpr_up@7"), r"no version 7\. There are: 1"),
    "a name with a slash": (_command("show", "../../etc"), r"no blend of this name"),
    # SQL
    "SQL that writes": (_command("sql", "DROP VIEW items"), r"sql: expected one SELECT"),
    "SQL with a misspelt column": (_command("sql", "SELECT questoin FROM items"), r'sql: .*questoin.*"?question"?'),
    "SQL in no workspace": (_command("sql", "SELECT 1", "-w", "nowhere"), r"nowhere: no workspace here"),
    "SQL over a damaged corpus": (_damaged_items, r"items\.parquet: missing or damaged .*curate, blend or train"),
    "output to a folder": (_output("w"), r"--output .*/w: is a folder, expected a file"),
    "output below a file": (
        _output("w/corpora/sample/corpus.json/x.csv"),
        r"corpus\.json is a file, expected a folder",
    ),
    # plans
    "a plan that does not exist": (
        _command("train", "gpr_up", "--plan", "nowhere.yaml"),
        r"nowhere\.yaml: no such file",
    ),
    "a blend to train that does not exist": (_command("train", "none", "--plan", "cpu-demo"), r"no blend of this name"),
    "a batch that is not the manifest's": (
        _command("train", "gpr_up", "--plan", "cpu-demo", "--dry-run"),
        r"batch_size.*16.*12|batch_size.*12.*16",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_gives_one_message_and_exit_code_2(
    name: str, crossthink: CommandLine, tmp_path: Path, sample_workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, expected = CASES[name]
    shutil.copytree(sample_workspace, tmp_path / "w")
    monkeypatch.setenv("CROSSTHINK_WORKSPACE", str(tmp_path / "w"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("CROSSTHINK_MEMORY", "2GiB")  # --memory sets it for the process
    code, _, said = crossthink(*make(tmp_path))
    assert code == 2, said
    assert "Traceback" not in said
    message = re.sub(r"\s+", " ", said.partition("crossthink: ")[2] or said)
    assert re.search(expected.replace("  ", " "), message), said
    assert not (tmp_path / "w/corpora/c/corpus.json").exists()
    assert {path.name for path in (tmp_path / "w/manifests").iterdir()} == {"gpr_up", "objects"}


def test_bad_rows_below_the_share_are_counted_kept_aside_and_named(crossthink: CommandLine, tmp_path: Path) -> None:
    sums = (f'{{"question": "What is {n} plus 2?", "answer": "#### {n + 2}"}}\n' for n in range(50))
    make = _source("".join(sums).encode() + b'{"question": "cut\n\xff\xfe\n')
    arguments = [*make(tmp_path), "-w", tmp_path / "w"]
    code, shown, said = crossthink(*arguments)
    assert code == 0
    assert "2 records could not be read (1 bad_bytes, 1 bad_json); first: rows.jsonl:51" in said
    _, answer, _ = crossthink("sql", "SELECT source_row, reason, raw FROM dropped", "-f", "json", "-w", tmp_path / "w")
    assert json.loads(answer) == [
        {"source_row": "rows.jsonl:51", "reason": "bad_json", "raw": '{"question": "cut'},
        {"source_row": "rows.jsonl:52", "reason": "bad_bytes", "raw": "\\xff\\xfe"},
    ]
    assert "52" in shown


def test_a_size_on_the_command_line_completes_a_recipe(
    crossthink: CommandLine, tmp_path: Path, sample_workspace: Path
) -> None:
    shutil.copytree(sample_workspace, tmp_path / "w")
    recipe = _recipe(RECIPE + "when_short: repeat\n")(tmp_path)[1]
    code, _, said = crossthink("blend", recipe, "-w", tmp_path / "w")
    assert (code, "when_short: repeat needs a 'size'" in said) == (2, True)
    code, shown, said = crossthink("blend", recipe, "--size", "12", "-w", tmp_path / "w")
    assert (code, "12 rows" in shown) == (0, True), said

"""Readers: every record of a file is a row or a rejected row with its place, and a file that breaks is a clear error."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crossthink.errors import UserError
from curate.readers import Rejected, RejectReason, Row, file_records, hub_rows, opening, read_files

LINES = [{"question": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(1, 6)]
TEXT = "".join(json.dumps(line) + "\n" for line in LINES).encode()


def read(path: Path, **kwargs: object) -> list[Row | Rejected]:
    return list(read_files([path], **kwargs))  # type: ignore[arg-type]


def records(path: Path) -> list[object]:
    return [row.record for row in read(path) if isinstance(row, Row)]


def rejected(rows: list[Row | Rejected]) -> list[tuple[str, RejectReason]]:
    return [(row.place, row.reason) for row in rows if isinstance(row, Rejected)]


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


# --- formats and packing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.jsonl", bytes),
        ("a.ndjson", bytes),
        ("a.json", bytes),
        ("a.jsonl.gz", gzip.compress),
        ("a.JSONL.GZ", gzip.compress),
        ("a.jsonl.zst", zstandard.compress),
    ],
)
def test_json_lines_are_read_packed_or_not(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    rows = read(write(tmp_path / name, pack(TEXT)))
    assert rows == [Row(f"{name}:{n}", line) for n, line in enumerate(LINES, 1)]


def test_archives_of_several_parts_are_read_to_their_end(tmp_path: Path) -> None:
    half = len(TEXT.split(b"\n", 2)[0]) + 1
    gz = write(tmp_path / "a.jsonl.gz", gzip.compress(TEXT[:half]) + gzip.compress(TEXT[half:]))
    zst = write(tmp_path / "a.jsonl.zst", zstandard.compress(TEXT[:half]) + zstandard.compress(TEXT[half:]))
    assert records(gz) == records(zst) == LINES


def test_a_zip_is_read_member_by_member_in_name_order(tmp_path: Path) -> None:
    files = {
        "data/b.jsonl": b'{"n": 2}\n',
        "data/a.jsonl.gz": gzip.compress(b'{"n": 1}\n'),
        "README.md": b"not data",
        "__MACOSX/data/._b.jsonl": b"\x00\x05\x16\x07",
    }
    rows = read(write_zip(tmp_path / "all.zip", files))
    assert rows == [Row("all.zip/data/a.jsonl.gz:1", {"n": 1}), Row("all.zip/data/b.jsonl:1", {"n": 2})]


def test_the_elements_of_a_json_array_are_named_by_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", b'[\n  {"n": 1},\n  {"n": 2}, {"n": 3},\n  4\n]\n')
    rows = read(path)
    assert [row.place for row in rows] == ["a.json:2", "a.json:3", "a.json:3[3]", "a.json:4"]
    assert rejected(rows) == [("a.json:4", RejectReason.NOT_AN_OBJECT)]


def test_a_json_object_that_holds_one_list_of_objects_stands_for_the_list(tmp_path: Path) -> None:
    path = write(tmp_path / "bbh.json", b'{\n"canary": "x",\n"examples": [{"n": 1}, {"n": 2}]}')
    assert read(path) == [Row("bbh.json:examples[1]", {"n": 1}), Row("bbh.json:examples[2]", {"n": 2})]


def test_columns_are_read_from_parquet_and_both_arrow_formats(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(LINES)
    pq.write_table(table, tmp_path / "a.parquet")
    with pa.ipc.new_file(tmp_path / "file.arrow", table.schema) as file:
        file.write_table(table)
    with pa.ipc.new_stream(tmp_path / "stream.arrow", table.schema) as stream:
        stream.write_table(table)
    for name in ("a.parquet", "file.arrow", "stream.arrow"):
        assert read(tmp_path / name) == [Row(f"{name}:{n}", line) for n, line in enumerate(LINES, 1)]


def test_column_values_become_json_values(tmp_path: Path) -> None:
    from datetime import date
    from decimal import Decimal

    row = {
        "f": 1.5,
        "nan": float("nan"),
        "inf": float("inf"),
        "d": date(2024, 2, 29),
        "x": Decimal("1.10"),
        "b": b"\xff",
    }
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    expected = {"f": 1.5, "nan": None, "inf": "inf", "d": "2024-02-29", "x": "1.10", "b": "/w=="}
    assert records(tmp_path / "a.parquet") == [expected]
    json.dumps(expected, allow_nan=False)


def test_a_column_text_that_is_not_utf8_costs_its_row_alone(tmp_path: Path) -> None:
    texts = pa.array([b"ok", b"caf\xe9", b"fine"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"q": texts}), tmp_path / "a.parquet")
    rows = read(tmp_path / "a.parquet")
    assert [row.record["q"] for row in rows if isinstance(row, Row)] == ["ok", "fine"]
    assert rejected(rows) == [("a.parquet:2", RejectReason.BAD_BYTES)]


def test_csv_has_a_header_as_records_and_none_as_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b'q,a\n"two\nlines, one cell",2\nx,3\n')
    assert read(path) == [Row("a.csv:2", {"q": "two\nlines, one cell", "a": "2"}), Row("a.csv:4", {"q": "x", "a": "3"})]
    first = read(path, layout="rows")[0]
    assert first == Row("a.csv:1", {"0": "q", "1": "a", "file": "a.csv"})
    tsv = write(tmp_path / "a.tsv", b"q\ta\nx, y\t3\n")
    assert records(tsv) == [{"q": "x, y", "a": "3"}]


def test_a_quote_in_a_tab_separated_file_is_a_character(tmp_path: Path) -> None:
    tsv = write(tmp_path / "a.tsv", b'q\ta\nwhich song?\t"Wild Boy" (Remix)\n"quiz" aired when?\t"1997"\n')
    assert records(tsv) == [
        {"q": "which song?", "a": '"Wild Boy" (Remix)'},
        {"q": '"quiz" aired when?', "a": '"1997"'},
    ]


# --- lines and bytes -----------------------------------------------------------------------------------------------


def test_only_a_newline_ends_a_line(tmp_path: Path) -> None:
    questions = ["a\u2028b", "a\u0085b", "a\u000bb".replace("\x0b", "\u2029"), "plain"]
    lines = [json.dumps({"q": q}, ensure_ascii=False) for q in questions]
    path = write(tmp_path / "a.jsonl", b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n\r\n")
    rows = read(path)
    assert rows == [Row(f"a.jsonl:{n}", {"q": q}) for n, q in enumerate(questions, 1)]


@pytest.mark.parametrize(
    ("line", "reason", "message"),
    [
        (b'{"q": "caf\xe9"}', RejectReason.BAD_BYTES, "byte 11 is not UTF-8"),
        (b'{"q": "cut sho', RejectReason.BAD_JSON, "Unterminated string"),
        (b"{'q': 1}", RejectReason.BAD_JSON, "column 2"),
        (b'{"q": 1} {"q": 2}', RejectReason.BAD_JSON, "more text after the value"),
        (b'{"q": 1, "q": 2}', RejectReason.BAD_JSON, "the key 'q' stands twice"),
        (b'{"q": {"a": 1, "a": 1}}', RejectReason.BAD_JSON, "the key 'a' stands twice"),
        (b'{"q": Infinity}', RejectReason.BAD_JSON, "Infinity is not JSON"),
        (b'{"q": 1e999}', RejectReason.BAD_JSON, "too large"),
        (b'{"q": ' + b"1" * 5000 + b"}", RejectReason.BAD_JSON, "digits"),
        (b'{"q": "\\ud800"}', RejectReason.BAD_JSON, "surrogate"),
        (b"[" * 100_000, RejectReason.BAD_JSON, "nested too deeply"),
        (b'["q"]', RejectReason.NOT_AN_OBJECT, "found list"),
        (b"null", RejectReason.NOT_AN_OBJECT, "found NoneType"),
    ],
)
def test_a_bad_line_is_kept_aside_with_its_line_and_text(
    tmp_path: Path, line: bytes, reason: RejectReason, message: str
) -> None:
    path = write(tmp_path / "a.jsonl", b'{"q": "first"}\n' + line + b'\n{"q": "last"}\n')
    rows = read(path)
    bad = rows[1]
    assert isinstance(bad, Rejected)
    assert (bad.place, bad.reason) == ("a.jsonl:2", reason)
    assert message in bad.message
    assert bad.raw == line.decode("utf-8", "backslashreplace")
    assert [row.place for row in rows if isinstance(row, Row)] == ["a.jsonl:1", "a.jsonl:3"]


def test_nan_is_null_and_a_whole_surrogate_pair_is_a_character(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'{"a": NaN, "b": "\\ud83d\\ude00"}\n')
    assert records(path) == [{"a": None, "b": "\U0001f600"}]


def test_bad_elements_of_an_array_do_not_cost_the_others(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", b'[\n{"q": "ok"},\n{"q": "caf\xe9"},\n{"q": 1, "q": 2},\n{"q": "end"}\n]')
    rows = read(path)
    assert rejected(rows) == [("a.json:3", RejectReason.BAD_BYTES), ("a.json:4", RejectReason.BAD_JSON)]
    assert [row.record["q"] for row in rows if isinstance(row, Row)] == ["ok", "end"]
    assert next(row.raw for row in rows if isinstance(row, Rejected)) == '{"q": "caf\\xe9"}'


def test_bad_csv_rows_are_kept_aside_and_reading_goes_on(tmp_path: Path) -> None:
    content = b'q,a\nx,1\ncaf\xe9,2\nshort\n"open quote,3\ny,4\n"ok, now",5\n'
    rows = read(write(tmp_path / "a.csv", content))
    assert rejected(rows) == [
        ("a.csv:3", RejectReason.BAD_BYTES),
        ("a.csv:4", RejectReason.BAD_COLUMNS),
        ("a.csv:5", RejectReason.BAD_COLUMNS),
    ]
    assert [row.place for row in rows if isinstance(row, Row)] == ["a.csv:2", "a.csv:6", "a.csv:7"]


def test_a_line_that_never_ends_is_rejected_without_being_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_LINE_BYTES", 10_000)
    path = write(tmp_path / "a.jsonl.gz", gzip.compress(b'{"q": "' + b"x" * 3_000_000 + b'"}\n{"q": "next"}\n'))
    rows = read(path)
    assert rejected(rows) == [("a.jsonl.gz:1", RejectReason.TOO_LONG)]
    assert rows[1] == Row("a.jsonl.gz:2", {"q": "next"})


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=20))
def test_every_non_blank_line_is_a_row_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    lines = [b'{"q": 1}', *lines]
    path = write(tmp_path_factory.mktemp("lines") / "a.jsonl", b"\n".join(lines))
    expected = [f"a.jsonl:{n}" for n, line in enumerate(lines, 1) if line and not line.isspace()]
    assert [row.place for row in read(path)] == expected


# --- files that cannot be used -------------------------------------------------------------------------------------


def cut(content: bytes) -> bytes:
    return content[: len(content) * 3 // 5]


MANY = b"".join(b'{"n": %d, "hash": "%x"}\n' % (n, hash((n, 7)) & 0xFFFFFFFFFFFF) for n in range(20_000))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"", "holds no rows"),
        ("a.jsonl", b"\n \n", "holds no rows"),
        ("a.json", b"", "holds no rows"),
        ("a.json", b"[]", "holds no rows"),
        ("a.csv", b"q,a\n", "holds no rows"),
        ("a.jsonl.gz", gzip.compress(b"", mtime=0), "holds no rows"),
        ("a.jsonl.gz", b"", "holds no rows"),
        ("a.jsonl.gz", cut(gzip.compress(MANY)), "a.jsonl.gz: cannot be read after line"),
        ("a.jsonl.zst", cut(zstandard.compress(MANY)), "a.jsonl.zst: cannot be read after line"),
        ("a.jsonl.gz", gzip.compress(MANY) + b"junk", "cannot be read after line"),
        ("a.jsonl.gz", TEXT, "cannot be read from its start"),
        ("a.jsonl.zst", TEXT, "cannot be read from its start"),
        ("a.zip", TEXT, "cannot be read from its start"),
        ("a.json", b'[\n{"q": 1},\n{"q": 2', "a.json:3: the array is broken"),
        ("a.json", b'[{"q": 1}]\n[{"q": 2}]', "more text follows the array"),
        ("a.json", b'"text"', "expected an array of objects, found str"),
        ("a.jsonl", '{"q": 1}\n'.encode("utf-16"), "is written in UTF-16"),
        ("a.csv", b"q,q\n1,2\n", "a.csv:1: expected a header of different column names"),
        ("a.parquet", b"PAR1 no", "is not a readable .parquet file"),
        ("a.arrow", b"ARROW1 no", "is not a readable .arrow file"),
        ("a.arrow", b"", "is not a readable .arrow file"),
        ("a.xlsx", b"x", "expected a file of .jsonl"),
        ("a.parquet.gz", b"x", "unpack it first"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_a_clear_error(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(UserError) as raised:
        read(path)
    assert name in str(raised.value)
    assert message in str(raised.value)


def test_a_cut_archive_names_the_last_line_that_was_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl.gz", cut(gzip.compress(MANY)))
    read_so_far = 0
    with pytest.raises(UserError) as raised:
        for row in read_files([path]):
            assert isinstance(row, Row)
            read_so_far += 1
    assert read_so_far > 1000
    assert f"after line {read_so_far:,} (" in str(raised.value)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("../evil.jsonl", "points out of the archive"),
        ("/etc/evil.jsonl", "points out of the archive"),
        ("ok/../../evil.jsonl", "points out of the archive"),
        ("..\\evil.jsonl", "points out of the archive"),
        ("C:\\evil.jsonl", "points out of the archive"),
    ],
)
def test_an_archive_with_an_unsafe_member_is_refused_whole(tmp_path: Path, member: str, message: str) -> None:
    path = write_zip(tmp_path / "a.zip", {"good.jsonl": TEXT, member: TEXT})
    with pytest.raises(UserError, match=message):
        next(read_files([path]))


def test_an_archive_with_a_link_or_without_data_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.jsonl")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="not a regular file"):
        read(tmp_path / "link.zip")
    with pytest.raises(UserError, match="no member can be read"):
        read(write_zip(tmp_path / "none.zip", {"README.md": b"x"}))


def test_a_damaged_member_names_the_member(tmp_path: Path) -> None:
    buffer = bytearray(write_zip(tmp_path / "a.zip", {"in/a.jsonl": MANY}).read_bytes())
    buffer[len(buffer) // 2] ^= 0xFF
    path = write(tmp_path / "a.zip", bytes(buffer))
    with pytest.raises(UserError, match=r"a\.zip/in/a\.jsonl: cannot be read"):
        read(path)


# --- which files ---------------------------------------------------------------------------------------------------


def test_files_come_once_each_in_name_order_without_folders(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write(tmp_path / f"{name}.jsonl", TEXT)
    rows = list(read_files([tmp_path / "c.jsonl", str(tmp_path / "*.jsonl"), tmp_path / "a.jsonl"]))
    assert [row.place for row in rows] == [f"{name}.jsonl:{n}" for name in "abc" for n in range(1, 6)]


def test_files_of_the_same_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("test", "train"):
        write(tmp_path / folder / "a.jsonl", TEXT)
    places = [row.place for row in read_files([str(tmp_path / "**" / "*.jsonl")])]
    assert places[0] == "test/a.jsonl:1" and places[-1] == "train/a.jsonl:5"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("none.jsonl", "there is no such file"), ("*.parquet", "no file matches"), (".", "is a folder")],
)
def test_a_path_that_names_nothing_is_an_error_that_says_so(tmp_path: Path, pattern: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        list(read_files([tmp_path / pattern]))
    with pytest.raises(UserError, match="no files are named"):
        list(read_files([]))


def test_file_records_hold_name_digest_and_size(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", b"abc")
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_records([tmp_path / "a.jsonl"]) == [("a.jsonl", sha256, 3)]


# --- Hugging Face --------------------------------------------------------------------------------------------------


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


@pytest.mark.usefixtures("hub_cache")
def test_a_local_data_set_folder_is_read_through_datasets(tmp_path: Path) -> None:
    folder = tmp_path / "sums"
    write(folder / "train.jsonl", TEXT)
    assert list(hub_rows(str(folder))) == [Row(f"sums/train:{n}", line) for n, line in enumerate(LINES, 1)]
    with pytest.raises(UserError, match=r"split validation.*cannot be loaded by datasets"):
        list(hub_rows(str(folder), split="validation"))


@pytest.mark.usefixtures("hub_cache")
def test_a_local_folder_of_parquet_files_has_the_splits_of_their_names(tmp_path: Path) -> None:
    for split, rows in (("train", LINES), ("test", LINES[:2])):
        write(tmp_path / "sums" / "README.md", b"sums")
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "sums" / f"{split}.parquet")
    assert [row.place for row in hub_rows(str(tmp_path / "sums"), split="test")] == ["sums/test:1", "sums/test:2"]


@pytest.mark.usefixtures("hub_cache")
def test_what_save_to_disk_wrote_is_read_through_datasets(tmp_path: Path) -> None:
    import datasets

    saved = datasets.DatasetDict({"train": datasets.Dataset.from_list(LINES)})
    saved.save_to_disk(str(tmp_path / "saved"))
    assert [row.place for row in hub_rows(str(tmp_path / "saved"))][-1] == "saved/train:5"
    with pytest.raises(UserError, match=r"has no split 'test'. There are: train"):
        list(hub_rows(str(tmp_path / "saved"), split="test"))


def test_a_link_to_a_folder_above_it_makes_no_file_twice(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"q": 1}\n')
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "again.jsonl").symlink_to(tmp_path / "rows.jsonl")
    (tmp_path / "other.jsonl").write_text('{"q": 1}\n')
    found = opening.find_files([tmp_path / "**/*.jsonl"])
    assert [file.name for file in found] == ["again.jsonl", "other.jsonl"]

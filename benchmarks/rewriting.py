"""The floor of a curation: reading a corpus's Parquet files and writing them as one, without a look at any row.

PyArrow wrote the planted files, so rewriting them with it is what ratios are of; Polars and DuckDB are what people use as
well. Nobody is charged for imports.
"""

from pathlib import Path

from benchmarks.harness import parts

IMPORTS = ("pyarrow.parquet", "pandas", "polars", "duckdb")
"""What has been imported before a clock starts; PyArrow loads pandas when it reads a file whole."""


def rewrite(folder: Path, target: Path) -> None:
    """With PyArrow: read whole, written with the compression that this project writes."""
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(parts(folder)), target, compression="zstd")


def with_polars(folder: Path, target: Path) -> None:
    """With the streaming engine of Polars."""
    import polars as pl

    pl.scan_parquet(parts(folder)).sink_parquet(target, compression="zstd")


def with_duckdb(folder: Path, target: Path) -> None:
    """With DuckDB."""
    import duckdb

    duckdb.read_parquet([str(part) for part in parts(folder)]).write_parquet(str(target), compression="zstd")


REWRITERS = {"PyArrow": rewrite, "Polars": with_polars, "DuckDB": with_duckdb}

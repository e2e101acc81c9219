"""What earlier runs of this workspace say: the rollouts and pass rates that a blend takes its weights or difficulties from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crossthink.errors import UserError, listing, nearest
from crossthink.files import sha256_file
from crossthink.workspace import Workspace, checked_name
from manifests.manifest import FileRecord

ROLLOUTS_FILE, RATES_FILE, RUN_FILE = "rollouts.parquet", "item_pass_rates.parquet", "run.json"


@dataclass(frozen=True)
class OfRuns:
    """What some runs say.

    Attributes:
        rows: `row_id`, `item_id` and the columns asked for, the runs' rows after each other.
        files: the file of each run by its SHA-256, in the order of the runs.
        parents: content digests of the blends that the runs trained on, sorted, each once.
    """

    rows: pl.DataFrame
    files: list[FileRecord]
    parents: list[str]

    @property
    def digests(self) -> list[str]:
        return [file.sha256 for file in self.files]


def read_rollouts(runs: Sequence[str], workspace: Workspace | None) -> OfRuns:
    """Read whether each response of finished runs was right: `acc`, 0 or 1.

    Raises:
        UserError: a run does not exist, has not finished or left no response.
    """
    return _read(runs, workspace, ROLLOUTS_FILE, ["acc"])


def read_rates(runs: Sequence[str], workspace: Workspace | None) -> OfRuns:
    """Read how often each row was answered rightly in finished runs: `source`, `template`, `responses`, `passed`, `unjudged`.

    Raises:
        UserError: a run does not exist, has not finished or left no response.
    """
    return _read(runs, workspace, RATES_FILE, ["source", "template", "responses", "passed", "unjudged"])


def _read(runs: Sequence[str], workspace: Workspace | None, file: str, columns: list[str]) -> OfRuns:
    if workspace is None:
        raise UserError(
            "runs: a plan on a table of sizes has no workspace with runs; plan on a corpus with --corpus NAME"
        )
    frames, files, parents = [], [], set()
    for run in runs:
        folder = workspace.runs / checked_name(run, "run")
        path = folder / file
        if not (path.is_file() and (folder / RUN_FILE).is_file()):
            known = [each.parent.name for each in workspace.runs.glob(f"*/{RUN_FILE}")]
            raise UserError(
                f"{folder}: no finished run of this name. There are: {listing(known)}.{nearest(run, known)}"
            )
        frame = pl.read_parquet(path, columns=["row_id", "item_id", *columns], glob=False)
        if frame.is_empty():
            raise UserError(f"{path}: the run left no response")
        frames.append(frame)
        files.append(FileRecord(name=file, sha256=sha256_file(path), bytes=path.stat().st_size))
        try:
            parents.add(str(json.loads((folder / RUN_FILE).read_bytes())["content_digest"]))
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{folder / RUN_FILE}: damaged, expected the record of run {run}") from None
    return OfRuns(pl.concat(frames), files, sorted(parents))

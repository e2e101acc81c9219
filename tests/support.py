"""What the tests of several rooms share."""

import io
import sys
from pathlib import Path

import pytest


class CommandLine:
    """Runs `crossthink` in this process and keeps what it said."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capfd, self._monkeypatch = capfd, monkeypatch

    def __call__(self, *arguments: object, stdin: str | None = None) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error; `stdin` is what is piped into it."""
        from crossthink.cli import main

        self._monkeypatch.setattr(sys, "argv", ["crossthink", *map(str, arguments)])
        if stdin is not None:
            self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        self._capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = self._capfd.readouterr()
        return code, said.out, said.err


SAMPLES = """
name: sample
root: {root}
benchmarks: held-out.yaml
sources:
  - {{name: mcq, adapter: mmlu, files: ["mmlu/*.csv"], license: Apache-2.0, domain: gpr}}
  - {{name: open, adapter: natural_reasoning, files: [natural_reasoning/questions.jsonl], license: Apache-2.0}}
  - {{name: sums, adapter: gsm8k, files: [{sums}], license: Apache-2.0}}
"""
HELD_OUT = """
name: held-out
sources:
  - {name: exam, adapter: natural_reasoning, role: benchmark, files: [exam.jsonl], license: Apache-2.0}
"""
ROOT = Path(__file__).resolve().parents[1]


def write_sample_config(folder: Path) -> Path:
    """Write a curation over the shipped samples and forty made-up sums, one of whose questions is a benchmark's; return
    its path."""
    sums = folder / "sums.jsonl"
    lines = [f'{{"question": "What is {n} plus {n * 3}?", "answer": "Add them. #### {n * 4}"}}' for n in range(1, 41)]
    sums.write_text("\n".join(lines) + "\n")
    (folder / "held-out.yaml").write_text(HELD_OUT)
    questions = (ROOT / "curate/samples/natural_reasoning/questions.jsonl").read_bytes().split(b"\n")
    (folder / "exam.jsonl").write_bytes(questions[19] + b"\n")
    config = folder / "sample.yaml"
    config.write_text(SAMPLES.format(root=ROOT / "curate" / "samples", sums=sums))
    return config

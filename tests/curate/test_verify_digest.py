"""The verifier's identity: it moves with the code and the libraries, and with nothing else."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import curate.verify
from curate.verify import verifier_digest

PACKAGE = Path(curate.verify.__file__).parent
SCRIPT = "from curate.verify import verifier_digest; print(verifier_digest())"


def digest_of_copy(folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_digest_is_of_the_source_wherever_it_lies(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "curate" / "verify", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "curate" / "__init__.py").touch()
    assert re.fullmatch("[0-9a-f]{64}", verifier_digest())
    assert digest_of_copy(tmp_path) == verifier_digest()
    with (tmp_path / "curate" / "verify" / "text.py").open("a") as file:
        file.write("# a change\n")
    assert digest_of_copy(tmp_path) != verifier_digest()

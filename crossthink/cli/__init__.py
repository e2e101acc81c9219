"""The front door: the command `crossthink`, a module for each of its commands.

Heavy libraries load inside the commands that use them, so the command line itself starts at once. Bad input ends with one
message and exit code 2; Ctrl-C ends with 130.
"""

import atexit
import gc
import sys

from crossthink.cli.app import app


def main() -> None:
    """Run the command line."""
    atexit.register(_leave_the_rest)
    app()


def _leave_the_rest() -> None:
    """Let what is left go with the process: to look through all libraries for cycles takes the interpreter 0.1 s.

    Where DuckDB is loaded it may look, since DuckDB's binding calls what was not freed a leak.
    """
    if "duckdb" not in sys.modules:
        gc.freeze()

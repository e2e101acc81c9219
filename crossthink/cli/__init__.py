"""The front door: `crossthink curate`, `blend`, `check`, `show`, `sql`, `train`.

Heavy libraries load inside the commands that use them, so the command line itself starts at once. Bad input ends with one
message and exit code 2; Ctrl-C ends with 130.
"""

import sys

from crossthink.cli.app import app
from crossthink.errors import UserError


def main() -> None:
    """Run the command line."""
    try:
        app()
    except UserError as error:
        print(f"crossthink: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("crossthink: interrupted; what was finished stands, run the same command to go on", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away, as `head` does
        sys.exit(0)

"""How a command ends: with one message and an exit code, whatever stopped it.

0 is done, 1 a training stage that failed (its command says so), 2 bad input or a file that cannot be used, 130 Ctrl-C.
typer would take Ctrl-C and a closed pipe for itself, so this stands inside it, around the command. What escapes from
here is a fault of this project and shows its traceback.
"""

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from crossthink.errors import UserError, os_fault, printable


class Front(TyperGroup):
    """The group of all commands."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
            return answer
        except UserError as error:
            raise _end(2, str(error)) from None
        except KeyboardInterrupt:
            raise _end(130, "interrupted; what was finished stands, run the same command to go on") from None
        except BrokenPipeError:
            raise _end(0) from None  # the reader of our output went away, as `head` does
        except OSError as error:
            raise _end(2, os_fault(error)) from None


def _end(code: int, message: str = "") -> typer.Exit:
    """Say why, and return the end of the program."""
    try:
        sys.stdout.flush()
    except OSError:
        # What is left cannot be printed; without this the interpreter tries again at its end and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if message:
        print(f"crossthink: {printable(message)}", file=sys.stderr)
    return typer.Exit(code)

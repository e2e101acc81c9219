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


class Once(TyperGroup):
    """A group whose commands take each option once, and none that is empty.

    Left to itself the last of two wins, and an empty folder (`-w "$UNSET"`) is the one that the command runs in.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that was asked for, after a look at its options."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not isinstance(command, TyperGroup):
            _refuse_repeated_or_empty(command, name, ctx, rest)
        return name, command, rest


class Front(Once):
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


def _refuse_repeated_or_empty(command: Any, name: str | None, parent: Any, arguments: list[str]) -> None:
    context = command.context_class(command, info_name=name, parent=parent, **command.context_settings)
    values, _, given = command.make_parser(context).parse_args(list(arguments))
    for option in given:
        if option.param_type_name != "option" or option.is_flag or option.multiple:
            continue
        if given.count(option) > 1:
            raise UserError(f"{option.opts[0]}: is given {given.count(option)} times, expected once")
        if values[option.name] == "":
            raise UserError(f"{option.opts[0]}: found nothing, expected a value")


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

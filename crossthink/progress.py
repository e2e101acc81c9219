"""Progress of long work: a live line on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


class Progress:
    """Says what is being done, how far it is, and how long it took, on standard error."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)

    def say(self, text: str) -> None:
        """Print one plain line."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator["Step"]:
        """Show a step while it runs; afterwards one line says its result and its seconds."""
        started = time.monotonic()
        with self.console.status(title) as status:
            step = Step(title, lambda text: status.update(f"{title}: {text}"))
            yield step
        self.say(f"{title}: {step.result or 'done'} ({time.monotonic() - started:.1f} s)")


class Step:
    """One running step: `at` updates the live line, `result` is what its closing line says."""

    def __init__(self, title: str, update: Callable[[str], None]) -> None:
        self.title = title
        self.at = update
        self.result = ""

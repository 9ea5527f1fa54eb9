"""A line that moves on the terminal while something takes its time; where there is no terminal, nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Show = Callable[[float, str], None]
"""(how much is done, what else there is to say)"""


@contextmanager
def moving(what: str, total: float, shown: bool = True) -> Iterator[Show]:
    """A bar on standard error, up to `total`; gives the function that moves it. Not `shown`, it is silent."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}"),
    )
    console = Console(stderr=True)
    silent = not (shown and console.is_terminal)
    with Progress(*columns, console=console, transient=True, disable=silent) as progress:
        task = progress.add_task(what, total=total, said="")

        def show(done: float, said: str) -> None:
            progress.update(task, completed=min(done, total), said=said)

        yield show

"""A table as a value, and how it looks on a terminal and in a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich.box import SIMPLE
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text: the first column names its rows. `total` says that the last row sums up the others."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: bool = False


def on_terminal(grid: Grid) -> Table:
    """For a rich console."""
    table = Table(title=grid.title, title_justify="left", box=SIMPLE, pad_edge=False, collapse_padding=True)
    for index, name in enumerate(grid.columns):
        table.add_column(name, justify="right" if index else "left", no_wrap=not index)
    for index, row in enumerate(grid.rows):
        if grid.total and index == len(grid.rows) - 1:
            table.add_section()
        table.add_row(*row)
    return table


def in_page(grid: Grid) -> str:
    """As HTML."""
    head = "".join(f"<th>{escape(name)}</th>" for name in grid.columns)
    rows = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in grid.rows)
    return f"<h3>{escape(grid.title)}</h3>\n<table>\n<tr>{head}</tr>\n{rows}\n</table>"

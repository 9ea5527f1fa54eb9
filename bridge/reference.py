"""The table of addresses in words, for `/melo/help` and for REFERENCE.md.

`python -m meloformer.bridge.reference` writes that file anew; a test says when it must be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from meloformer.bridge.errors import Code
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING, Help
from meloformer.bridge.rows import Row

FILE: Final = Path(__file__).with_name("REFERENCE.md")
_HEAD: Final = "| address | arguments | meaning |\n|---|---|---|\n"
_TOP: Final = """\
<!-- Written by `python -m meloformer.bridge.reference`: change the tables in the code, not this file. -->

# Every OSC address

The bridge listens at UDP port 7400. It answers at port 7401, and at the port of every client that said hello.
Types: `i` is a whole number, `f` any number, `s` a text, `*` a number or a text; what stands in `[ ]` may be
left out, and `...` means as many as you like. A beat is a quarter note. A message that is not taken changes
nothing and is answered by `/melo/error`.
"""


def help_for(address: str) -> tuple[Help, ...]:
    """The entries of one address, in or out; of every address that can be sent when it is empty."""
    if not address:
        return tuple(map(_entry, INCOMING.values()))
    rows = [*INCOMING.values(), *OUTGOING.values()]
    return tuple(_entry(row) for row in rows if row.address == address)


def reference() -> str:
    """The whole reference as a page of Markdown: REFERENCE.md is this."""
    codes = "\n".join(f"| {code.value} | {code.meaning} |" for code in Code)
    return (
        f"{_TOP}\n"
        f"## What clients send\n\n{_table(INCOMING.values())}\n\n"
        f"## What the bridge sends\n\n{_table(OUTGOING.values())}\n\n"
        f"## The codes of errors\n\n| code | meaning |\n|---|---|\n{codes}\n"
    )


def _entry(row: Row) -> Help:
    return Help(row.address, row.signature, meaning_of(row))


def meaning_of(row: Row) -> str:
    """What an address is for, what it may carry, and what answers it, in one line."""
    return ". ".join(_details(row))


def _details(row: Row) -> Iterator[str]:
    yield row.meaning
    for argument in row.arguments:
        yield f"{argument.name}: {argument.says.meaning}{argument.span}"
    if row.answer:
        yield f"answered by {row.answer}"


def _table(rows: Iterable[Row]) -> str:
    lines = (f"| `{row.address}` | `{row.signature}` | {'<br>'.join(_details(row))} |" for row in rows)
    return _HEAD + "\n".join(line.replace("``", "") for line in lines)


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8", newline="\n")

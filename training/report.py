"""What a reading left out, and why, as a text beside the data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from meloformer.training.errors import StoreError
from meloformer.training.meta import Meta
from meloformer.training.sources import Refusal


def report_of(out: Path) -> Path:
    """Where the report of a data set stands."""
    return out.with_name(f"{out.name}.report.txt")


def lines(left_out: Iterable[Refusal]) -> Iterator[str]:
    """One line for each file that was left out, safe to show on a terminal."""
    for one in left_out:
        text = f"repeated: {one.reason}" if one.repeats else f"refused: {one.reason}"
        yield "".join(letter if letter.isprintable() else "?" for letter in text)


def summary(out: Path, meta: Meta, left_out: Sequence[Refusal]) -> str:
    """A data set in one line."""
    repeats = sum(1 for one in left_out if one.repeats)
    refused = len(left_out) - repeats
    return (
        f"{out}: {meta.pieces} pieces; "
        f"{refused} of {meta.pieces + len(left_out)} files refused; {repeats} repeat another; "
        f"{meta.notes} notes"
    )


def write_report(out: Path, meta: Meta, left_out: Sequence[Refusal]) -> None:
    """The summary, and a line for each file that was left out. Raises StoreError for want of room."""
    report = report_of(out)
    try:
        report.write_text("\n".join([summary(out, meta, left_out), *lines(left_out), ""]), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{report} cannot be written ({error.strerror or error}); make room there"
        ) from error

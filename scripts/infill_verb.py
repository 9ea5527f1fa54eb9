"""`meloformer infill IN.mid OUT.mid --bars 5-8`: some bars anew, all others as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from meloformer.model.midi import from_symusic, read_raw
from meloformer.presets.reader import find, read
from meloformer.scripts.options import AnswerOptions, DeviceOption, SourceArgument, flatten, leave
from meloformer.scripts.player import player_as_said
from meloformer.scripts.rewriting import Span, rewriting

BARS = "--bars"


def span(text: str) -> Span:
    """`5-8`, counted from 1 and both included, as a span; a single bar is its own end."""
    match = re.fullmatch(r"([1-9][0-9]*)(?:-([1-9][0-9]*))?", text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no range of bars; write the first and the last, such as 5-8")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise typer.BadParameter(f"{text!r} ends before it begins; write the first bar first")
    return Span(first - 1, last)


@flatten
def infill(
    source: SourceArgument,
    target: Annotated[Path, typer.Argument(metavar="OUT.mid", help="where it is written, with its new bars")],
    bars: Annotated[
        Span,
        typer.Option(
            BARS, parser=span, metavar="FIRST-LAST", help="which bars, counted from 1, both included"
        ),
    ],
    options: AnswerOptions,
    device: DeviceOption = "auto",
) -> None:
    """Write IN.mid to OUT.mid with these bars made anew, to fit what stands before and after them.

    All other notes stay as they are; the same seed gives the same bytes.
    """
    leave(source, target)
    raw = read_raw(source)
    score = from_symusic(raw, str(source))
    if bars.stop > len(score.meters):
        asked, there = f"{bars.first + 1}-{bars.stop}", len(score.meters)
        reason = f"{asked} is outside {source}, which has {there} bars; choose from 1-{there}"
        raise typer.BadParameter(reason, param_hint=BARS)
    settings = read(find(options.preset, options.presets))
    performer = player_as_said(settings, options, device)
    changed = rewriting(raw, score, performer, bars, settings.controls.velocity)
    target.write_bytes(changed.raw.dumps_midi())
    print(
        f"{target}: bars {bars.first + 1} to {bars.stop} anew with {changed.notes} notes, all else as it was"
    )

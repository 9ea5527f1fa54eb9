"""`meloformer rehearse EVENTS`: a session again, without wires and faster than time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from meloformer.bridge.border import write
from meloformer.bridge.outgoing import OutNote, OutOff
from meloformer.bridge.rehearsal import Rehearsal, presets_of
from meloformer.bridge.session.actions import Send
from meloformer.bridge.session.machine import begin
from meloformer.bridge.session.state import State
from meloformer.bridge.takes.noted import Noted, heading, lines_of
from meloformer.bridge.takes.taping import Taping
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.preset import Preset
from meloformer.presets.reader import find, read
from meloformer.scripts.kept_takes import LINES
from meloformer.scripts.options import DeviceOption, PresetsOption, SeedOption
from meloformer.scripts.recorded import recorded


def rehearse(
    events: Annotated[Path, typer.Argument(metavar="EVENTS", help="a take's .jsonl, or a MIDI file")],
    target: Annotated[
        Path | None, typer.Argument(metavar="OUT.mid", help="where the session is written, as a take is")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="NAME", help="which preset to use; left out: the take's")
    ] = None,
    presets: PresetsOption = SHIPPED,
    seed: SeedOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Let the bridge hear what is in a file and print what it sends, all but the notes, in seconds."""
    kept = recorded(events)
    first = read(find(preset or kept.preset or DEFAULT, presets))
    state = begin(_seeded(first, kept.seed if seed is None else seed), version("meloformer"), device, 0.0)
    session = Rehearsal(state, presets_of(presets))
    began = time.perf_counter()
    steps = list(_told(session.steps(kept.moments)))
    if target is not None:
        _keep(target, state, steps)
    _sum_up(steps[-1], time.perf_counter() - began)


def _seeded(preset: Preset, seed: int | None) -> Preset:
    return preset if seed is None else replace(preset, sampling=replace(preset.sampling, seed=seed))


def _told(steps: Iterator[Noted]) -> Iterator[Noted]:
    """The same steps; what they send is printed as it comes."""
    for noted in steps:
        for action in noted.actions:
            if isinstance(action, Send) and not isinstance(action.message, OutNote | OutOff):
                address, values = write(action.message)
                print(_clock(noted.seconds if action.at is None else action.at), address, *values)
        yield noted


def _keep(target: Path, state: State, steps: list[Noted]) -> None:
    taping = Taping(state)
    lines = [heading(state, "rehearsed")]
    for noted in steps:
        taping.take(noted)
        lines += lines_of(noted, 0.0)
    target.write_bytes(taping.tape.content(steps[-1].seconds))
    target.with_suffix(LINES).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _sum_up(last: Noted, took_s: float) -> None:
    counts, left = last.state.counts, len(last.state.osc) + len(last.state.midi)
    print(
        f"{_clock(last.seconds)} in {took_s:.1f} s: {counts.heard} notes heard, {counts.sent} sent, "
        f"{counts.late} late, {counts.dropped} dropped, {counts.refused} messages refused, "
        f"{left} notes left sounding"
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:06.3f}"

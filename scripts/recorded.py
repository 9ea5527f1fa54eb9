"""What came in of a session, from a file: a take's lines, or a MIDI file that is played to the bridge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mido

from meloformer.bridge.border import read
from meloformer.bridge.errors import Refused
from meloformer.bridge.midi import (
    MidiContinue,
    MidiControl,
    MidiIn,
    MidiNote,
    MidiPosition,
    MidiProgram,
    MidiStart,
    MidiStop,
    MidiTick,
)
from meloformer.bridge.rehearsal import Moment
from meloformer.bridge.session.events import Played, Received, Rejected
from meloformer.scripts.kept_takes import LINES, lines

HERE: Final = "127.0.0.1"
_KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (
        MidiNote,
        MidiControl,
        MidiProgram,
        MidiTick,
        MidiStart,
        MidiContinue,
        MidiStop,
        MidiPosition,
    )
}
_MEANT: Final[dict[str, Callable[[Any], MidiIn]]] = {
    "note_on": lambda said: MidiNote(said.channel + 1, said.note, said.velocity),
    "note_off": lambda said: MidiNote(said.channel + 1, said.note, 0),
    "control_change": lambda said: MidiControl(said.channel + 1, said.control, said.value),
    "program_change": lambda said: MidiProgram(said.channel + 1, said.program),
}


class RecordedError(Exception):
    """A file of events that cannot be used: which, why, and the way out."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came in, in time order; `preset` and `seed` are those of a take, None in a MIDI file."""

    moments: tuple[Moment, ...]
    preset: str | None = None
    seed: int | None = None


def recorded(file: Path) -> Recorded:
    """The events of a file; raises RecordedError, and TakeError for a damaged take."""
    if file.suffix != LINES:
        return Recorded(tuple(_played(file)))
    heading, *rest = lines(file)
    try:
        moments = tuple(Moment(line["s"], event) for line in rest for event in _came(line))
    except (KeyError, TypeError, ValueError) as error:
        raise RecordedError(f"{file} has a line that is none of a take's ({error!r:.80}); mend it") from None
    return Recorded(moments, heading.get("preset"), heading.get("seed"))


def _came(line: dict[str, Any]) -> Iterator[Received | Rejected | Played]:
    """What a line says of the outside world; the rest of a take is what the session made of it."""
    at = line.get("at", line["s"])
    if line["kind"] == "osc_in":
        try:
            yield Received(read(line["address"], line["arguments"]), line.get("host", HERE), at)
        except Refused as refused:
            yield Rejected(refused)
    elif line["kind"] == "midi_in":
        name, *values = line["message"]
        yield Played(_KINDS[name](*values), at)


def _played(file: Path) -> Iterator[Moment]:
    """A MIDI file as it sounds."""
    try:
        midi = mido.MidiFile(file)
        seconds = 0.0
        for said in midi:
            seconds += said.time
            if said.type in _MEANT:
                yield Moment(seconds, Played(_MEANT[said.type](said), seconds))
    except (OSError, EOFError, ValueError, KeyError, IndexError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        reason = f"{file} is neither a take (.jsonl) nor a MIDI file ({error!s:.80}); choose another"
        raise RecordedError(reason) from None

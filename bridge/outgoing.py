"""The table of what the bridge sends: what each message is called, carries and means.

Its rows are those of `incoming.py`, the other way round; writing (`border.py`) and the reference
(`reference.py`) are made from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, dataclass_transform

from meloformer.bridge.arguments import MOST_BARS, Channel, Name, Pitch, Says, Value, VariationIndex, Velocity
from meloformer.bridge.rows import Message, Row, row_of

OUTGOING: Final[dict[type, Row]] = {}  # by message

Request = Annotated[str, Says("names one answer, from its begin to its end")]
NoteId = Annotated[int, Says("the same for a note and its off", 0)]
Beat = Annotated[float, Says("where it sounds, from the transport's start", unit="beats")]
Milliseconds = Annotated[float, Says("from the file to ready", 0, unit="ms")]


@dataclass_transform(frozen_default=True)
def outgoing(name: str, meaning: str) -> Callable[[type[Message]], type[Message]]:
    """A message that the bridge sends."""

    def enter(plain: type[Message]) -> type[Message]:
        message = dataclass(frozen=True, slots=True)(plain)
        OUTGOING[message] = row_of(message, name, meaning)
        return message

    return enter


@outgoing("welcome", "the answer to hello")
class Welcome:
    version: Annotated[str, Says("the bridge's version")]
    preset: Name


@outgoing("out/begin", "an answer begins")
class OutBegin:
    request: Request
    bars: Annotated[int, Says("its length; 0: until it is told to end", 0, MOST_BARS, unit="bars")]


@outgoing("out/note", "a note of the answer; its time tag is when it sounds")
class OutNote:
    id: NoteId
    channel: Channel
    pitch: Pitch
    velocity: Velocity
    beat: Beat


@outgoing("out/off", "the end of a note of the answer")
class OutOff:
    id: NoteId
    channel: Channel
    pitch: Pitch
    beat: Beat


@outgoing("out/bar", "a bar of the answer begins")
class OutBar:
    bar: Annotated[int, Says("counted from 0 in each answer", 0)]
    chord: Annotated[str, Says("such as C min7; N: no chord; ?: unknown; empty: not told")]


@outgoing("out/end", "the answer is over")
class OutEnd:
    request: Request
    notes: Annotated[int, Says("notes sent", 0)]
    reason: Annotated[str, Says("how it ended", choices=("done", "stopped", "interrupted", "failed"))]


@outgoing("variation", "a variation is ready to be chosen")
class Variation:
    index: VariationIndex
    notes: Annotated[int, Says("notes in it", 0)]


@outgoing(
    "transport/estimate", "the beat of what is played without a clock, as it settles and as it is taken up"
)
class TransportEstimate:
    bpm: Annotated[float, Says("tempo", 0, unit="quarter notes per minute")]
    confidence: Annotated[float, Says("how likely it is among all tempi", 0, 1)]
    beats_per_bar: Annotated[int, Says("the meter", 1, 32, unit="quarter notes")]


@outgoing("state", "what the bridge is doing, when that changes")
class State:
    state: Annotated[str, Says("its name", choices=("idle", "listening", "generating", "playing"))]


@outgoing("preset/loaded", "the preset is in use")
class PresetLoaded:
    name: Name
    milliseconds: Milliseconds


@outgoing("preset/failed", "the preset cannot be used; the one in use stays")
class PresetFailed:
    name: Name
    reason: Annotated[str, Says("why, and the way out")]


@outgoing("learned", "this CC turns this control from now on, instead of what it did before")
class Learned:
    control: Annotated[str, Says("its name")]
    cc: Annotated[int, Says("the number of the controller", 0, 119)]


@outgoing("presets", "the presets there are")
class Presets:
    names: Annotated[tuple[str, ...], Says("their names")]


@outgoing("status", "names and values in turn")
class Status:
    pairs: Annotated[tuple[Value, ...], Says("a name, its value, the next name ...")]


@outgoing("help", "one address and what it does")
class Help:
    address: Annotated[str, Says("the address")]
    arguments: Annotated[str, Says("types and names of its arguments")]
    meaning: Annotated[str, Says("what it does, and what it may carry")]


@outgoing("pong", "the answer to ping; its time tag is the bridge's now, a clock for those who have none")
class Pong:
    pass


@outgoing("error", "a message was not taken and has changed nothing, or something failed")
class Error:
    code: Annotated[int, Says("what kind of error", 1)]
    address: Annotated[str, Says("the address it came for")]
    reason: Annotated[str, Says("what was wrong, and the way out")]


Outgoing = (
    Welcome | OutBegin | OutNote | OutOff | OutBar | OutEnd | Variation | TransportEstimate | State
    | PresetLoaded | PresetFailed
    | Learned | Presets | Status | Help | Pong | Error
)  # fmt: skip

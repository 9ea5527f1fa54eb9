"""The table of what clients send: what each message is called, carries and means.

A message is a frozen value; its address, argument types, ranges and units stand on it. Reading (`border.py`),
`/melo/help` and the reference (`reference.py`) are all made from these rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, dataclass_transform

from meloformer.bridge.arguments import (
    MOST_BARS,
    MOST_VARIATIONS,
    Channel,
    Name,
    Pitch,
    Says,
    Value,
    VariationIndex,
    Velocity,
)
from meloformer.bridge.control_arguments import control_arguments, setting_of
from meloformer.bridge.rows import ROOT, Message, Row, row_of
from meloformer.presets.control import Control, Setting
from meloformer.presets.controls import CONTROLS

INCOMING: Final[dict[str, Row]] = {}  # by address

CONTROL: Final = f"{ROOT}/control"
LONGEST_PHRASE: Final = 100_000
LONGEST_BEAT: Final = 1_000_000.0
CLOCKS: Final = ("auto", "internal", "midi", "osc", "link")
KNOBS: Final = tuple(name for name, control in CONTROLS.items() if control.turns)

Port = Annotated[int, Says("the UDP port where replies are awaited", 1, 65_535)]
VelocityOrOff = Annotated[int, Says("MIDI velocity; 0 is the note's end", 0, 127)]
Bars = Annotated[int, Says("length of the answer", 1, MOST_BARS, unit="bars")]
BarsOrEndless = Annotated[
    int, Says("length of the continuation; 0 goes on until it is stopped", 0, MOST_BARS, unit="bars")
]
PhraseBar = Annotated[int, Says("a bar of the phrase; 1 is its first", 1, LONGEST_PHRASE, unit="bars")]


@dataclass_transform(frozen_default=True)
def incoming(name: str, meaning: str, answer: str = "") -> Callable[[type[Message]], type[Message]]:
    """A message that clients send; `answer` names the address that answers it."""

    def enter(plain: type[Message]) -> type[Message]:
        message = dataclass(frozen=True, slots=True)(plain)
        row = row_of(message, name, meaning, answer)
        INCOMING[row.address] = row
        return message

    return enter


@incoming("hello", "send replies to the sender's host at this port too", answer=f"{ROOT}/welcome")
class Hello:
    port: Port


@incoming("bye", "stop sending replies there")
class Bye:
    port: Port


@incoming("note", "a live note on; velocity 0 is its off")
class LiveNote:
    channel: Channel
    pitch: Pitch
    velocity: VelocityOrOff


@incoming("phrase/begin", "forget the phrase so far and start listening")
class PhraseBegin:
    pass


@incoming("phrase/note", "one note of a phrase given as a score")
class PhraseNote:
    onset_beat: Annotated[float, Says("from the phrase's first bar line", 0, 1024, unit="beats")]
    duration_beats: Annotated[float, Says("length", 0, 1024, unit="beats")]
    channel: Channel
    pitch: Pitch
    velocity: Velocity


@incoming("phrase/end", "the phrase is complete: answer it", answer=f"{ROOT}/out/begin")
class PhraseEnd:
    pass


@incoming("continue", "continue what has been heard, now", answer=f"{ROOT}/out/begin")
class Continue:
    bars: BarsOrEndless


@incoming(
    "infill",
    "make these bars of the phrase anew, to fit the others, and play them; the conversation goes on from the "
    "phrase with its new bars",
    answer=f"{ROOT}/out/begin",
)
class Infill:
    first_bar: PhraseBar
    last_bar: PhraseBar


@incoming(
    "variations", "make several answers to what has been heard, to choose from", answer=f"{ROOT}/variation"
)
class Variations:
    count: Annotated[int, Says("how many", 2, MOST_VARIATIONS)]
    bars: Bars


@incoming(
    "choose",
    "play this variation, or another one instead; the conversation goes on from the last one chosen",
    answer=f"{ROOT}/out/begin",
)
class Choose:
    index: VariationIndex


@incoming(
    "accompany",
    "play along with what is heard, bar by bar, in those of the preset's parts that nobody plays; it begins "
    "with the first note, and whatever else is asked for ends it",
    answer=f"{ROOT}/out/begin",
)
class Accompany:
    on: Annotated[int, Says("1: play along; 0: no more", 0, 1)]


@incoming(
    "pause", "hear nothing that is played, until it is 0 again; what is asked for is answered all the same"
)
class Pause:
    on: Annotated[int, Says("1: hear nothing; 0: listen again", 0, 1)]


@incoming(
    "mute", "the band is silent on every channel at once, until it is 0 again: the control silence, for all"
)
class Mute:
    on: Annotated[int, Says("1: silent; 0: it plays again", 0, 1)]


@incoming(
    "reset", "stop, forget all that was heard and answered, and put every control where the preset has it"
)
class Reset:
    pass


@incoming("stop", "stop answering", answer=f"{ROOT}/out/end")
class Stop:
    pass


@incoming("panic", "silence everything at once")
class Panic:
    pass


@incoming("transport/start", "run from beat 0")
class TransportStart:
    pass


@incoming("transport/stop", "stand still; what sounds is silenced, the answer stops")
class TransportStop:
    pass


@incoming("transport/continue", "run from where it stood still")
class TransportContinue:
    pass


@incoming("transport/clock", "whom to follow")
class TransportClock:
    clock: Annotated[str, Says("its name; auto: a MIDI clock while one ticks", choices=CLOCKS)]


@incoming(
    "transport/free",
    "whether what is played while no clock runs has its own beat, which is estimated and taken up; a tempo "
    "or a meter that is set then stays so",
    answer=f"{ROOT}/transport/estimate",
)
class TransportFree:
    on: Annotated[int, Says("1: by the player's beat; 0: by the transport's tempo", 0, 1)]


@incoming("transport/tempo", "the tempo from now on; the present beat stays where it is")
class TransportTempo:
    bpm: Annotated[float, Says("tempo", 20, 400, unit="quarter notes per minute")]


@incoming("transport/position", "go there; over whole bars an answer goes on from there, otherwise it stops")
class TransportPosition:
    beat: Annotated[float, Says("where to", 0, LONGEST_BEAT, unit="beats")]


@incoming("transport/meter", "the meter from the next bar on; a bar has at most 16 quarters")
class TransportMeter:
    numerator: Annotated[int, Says("beats in a bar", 1, 32)]
    denominator: Annotated[int, Says("what a beat is: 1, 2, 4, 8, 16 or 32", 1, 32)]


@incoming("preset/load", "swap the preset, without a gap", answer=f"{ROOT}/preset/loaded or /failed")
class LoadPreset:
    name: Name


@incoming("preset/list", "which presets are there", answer=f"{ROOT}/presets")
class AskPresets:
    pass


@incoming("status", "how is it going", answer=f"{ROOT}/status")
class AskStatus:
    pass


@incoming("help", "what can be sent: all, or one address", answer=f"{ROOT}/help")
class AskHelp:
    address: Annotated[str, Says("an address")] = ""


@incoming("ping", "are you there", answer=f"{ROOT}/pong")
class Ping:
    pass


@incoming("learn", "the next MIDI CC that moves turns this control; saved", answer=f"{ROOT}/learned")
class Learn:
    control: Annotated[str, Says("its name", choices=KNOBS)]


@dataclass(frozen=True, slots=True)
class SetControl:
    """A live control is set; its addresses are one row for each row of the table of controls.

    `channel`: the one whose control it is; None: that of all channels.
    """

    name: str
    value: Setting
    channel: int | None = None


def _control_row(control: Control) -> Row:
    return Row(
        f"{CONTROL}/{control.name}",
        control.meaning,
        control_arguments(control),
        partial(_set_control, control),
    )


def _set_control(control: Control, *values: Value) -> SetControl:
    """From checked values; raises Unfit for a text or a range that the control cannot take."""
    channel, setting = setting_of(control, values)
    return SetControl(control.name, setting, channel)


INCOMING.update((row.address, row) for row in map(_control_row, CONTROLS.values()))

Incoming = (
    Hello | Bye | LiveNote | PhraseBegin | PhraseNote | PhraseEnd | Continue | Infill | Variations
    | Choose | Accompany | Pause | Mute | Reset | Stop | Panic
    | TransportStart | TransportStop | TransportContinue | TransportClock | TransportFree
    | TransportTempo | TransportPosition | TransportMeter | LoadPreset | AskPresets | AskStatus | AskHelp
    | Ping | SetControl | Learn
)  # fmt: skip

"""The one table of OSC addresses: what each message is called, carries and means, in and out.

A message is a frozen value; its address, argument types, ranges and units stand on it. Reading and writing
(`border.py`), `/melo/help` and the reference (`reference.py`) are all made from these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from meloformer.bridge.arguments import Says, Value
from meloformer.bridge.control_arguments import control_arguments, setting_of
from meloformer.bridge.rows import INCOMING, ROOT, Row, address_of, incoming, outgoing
from meloformer.presets.control import Control, Setting
from meloformer.presets.controls import CONTROLS

CONTROL: Final = f"{ROOT}/control"
MOST_BARS: Final = 64
MOST_VARIATIONS: Final = 8
LONGEST_PHRASE: Final = 100_000
LONGEST_BEAT: Final = 1_000_000.0
CLOCKS: Final = ("auto", "internal", "midi", "osc", "link")
KNOBS: Final = tuple(name for name, control in CONTROLS.items() if control.turns)

Port = Annotated[int, Says("the UDP port where replies are awaited", 1, 65_535)]
Channel = Annotated[int, Says("MIDI channel; 10 is drums", 1, 16)]
Pitch = Annotated[int, Says("MIDI note number; 60 is middle C", 0, 127)]
Velocity = Annotated[int, Says("MIDI velocity", 1, 127)]
VelocityOrOff = Annotated[int, Says("MIDI velocity; 0 is the note's end", 0, 127)]
Bars = Annotated[int, Says("length of the answer", 1, MOST_BARS, unit="bars")]
Beat = Annotated[float, Says("where it sounds, from the transport's start", unit="beats")]
BarsOrEndless = Annotated[
    int, Says("length of the continuation; 0 goes on until it is stopped", 0, MOST_BARS, unit="bars")
]
PhraseBar = Annotated[int, Says("a bar of the phrase; 1 is its first", 1, LONGEST_PHRASE, unit="bars")]
VariationIndex = Annotated[int, Says("which variation; 1 is the first", 1, MOST_VARIATIONS)]
Request = Annotated[str, Says("names one answer, from its begin to its end")]
NoteId = Annotated[int, Says("the same for a note and its off", 0)]
Name = Annotated[str, Says("a preset's name")]
Milliseconds = Annotated[float, Says("from the file to ready", 0, unit="ms")]


# What clients send


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


@incoming("transport/position", "go there; an answer stops, for it belongs where it was")
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


# What the bridge sends


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


Incoming = (
    Hello | Bye | LiveNote | PhraseBegin | PhraseNote | PhraseEnd | Continue | Infill | Variations
    | Choose | Accompany | Pause | Mute | Reset | Stop | Panic
    | TransportStart | TransportStop | TransportContinue | TransportClock | TransportFree
    | TransportTempo | TransportPosition | TransportMeter | LoadPreset | AskPresets | AskStatus | AskHelp
    | Ping | SetControl | Learn
)  # fmt: skip
Outgoing = (
    Welcome | OutBegin | OutNote | OutOff | OutBar | OutEnd | Variation | TransportEstimate | State
    | PresetLoaded | PresetFailed
    | Learned | Presets | Status | Help | Pong | Error
)  # fmt: skip


def sent_to(message: Incoming) -> str:
    """The address that an incoming message came for."""
    if isinstance(message, SetControl):
        return f"{CONTROL}/{message.name}"
    return address_of(type(message))

"""The one table of what a preset file may say: the reader checks by it, the JSON Schema is made of it."""

from __future__ import annotations

from typing import Final

from meloformer.presets.control import LONGEST_TEXT, Control
from meloformer.presets.controls import ACTIONS, CONTROLS
from meloformer.presets.fields import Choice, Field, Group, Number, Rows, Span, Text
from meloformer.presets.flag import Flag
from meloformer.presets.parts import ROLES
from meloformer.presets.preset import (
    DEFAULT_MIDI_MAP,
    FEEDBACKS,
    INTERRUPTS,
    LATES,
    PHRASE_ENDS,
    PHRASE_TEMPOS,
    QUANTISES,
)

FORMAT: Final = 1
LOOKAHEAD: Final = 0.5  # beats, where a preset says nothing
NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)"
# A path below the preset's own folder: no drive, no backslash, no step starting with a dot (so no "..").
WEIGHTS_PATTERN: Final = (
    r"^(?:[A-Za-z0-9_-][A-Za-z0-9_. -]*/)*[A-Za-z0-9_-][A-Za-z0-9_. -]*\.safetensors$(?!\n)"
)


def _field(control: Control, optional: bool = False) -> Field:
    """The field of a control's starting value; `optional`: it has none of its own where nothing is said."""
    meaning, default = control.meaning, control.default
    if isinstance(default, str):
        return Text(meaning, control.words, LONGEST_TEXT, control.pattern, default)
    if isinstance(default, tuple):
        return Span(meaning, int(control.low), int(control.high), optional)
    start = int(default) if control.whole else default
    number = None if optional else start
    return Number(meaning, control.low, control.high, number, control.whole, control.unit)


def _controls_of(section: str) -> dict[str, Field]:
    """The fields of the controls whose starting values stand in this section."""
    homes = {row.home: row for row in CONTROLS.values() if row.home.startswith(f"{section}.")}
    return {home.removeprefix(f"{section}."): _field(row) for home, row in homes.items()}


# What a part may have as its channel's own; a part says which pitches it has as its range.
OF_A_PART: Final = tuple(name for name, row in CONTROLS.items() if row.per_channel and name != "pitch_range")

_PART: Final = Group(
    "one instrument of the band: where it is heard, and where it plays",
    {
        "channel": Number("the MIDI channel", 1, 16, whole=True),
        "program": Number("the General MIDI program, counted from 0", 0, 127, whole=True, word="drums"),
        "role": Choice("what else plays here: the instruments that have no part of their own", tuple(ROLES)),
        "range": Span("the lowest and the highest pitch of this part, at least an octave", 0, 127),
        **{name: _field(CONTROLS[name], optional=True) for name in OF_A_PART},
    },
    required=("channel", "program"),
    elsewhere={"pitch_range": "range"},
)

_MIDI_MAPPING: Final = Group(
    "one knob, pedal or program change, and what it does",
    {
        "cc": Number("the controller that moves", 0, 119, whole=True, except_for={64: "the sustain pedal"}),
        "program": Number(
            "the program change that arrives, on any channel, counted from 0; one that no row names says "
            "which instrument its channel is heard as",
            0,
            127,
            whole=True,
        ),
        "control": Choice(
            "the live control it turns", tuple(name for name, row in CONTROLS.items() if row.turns)
        ),
        "channel": Number("of a control that each channel has: the one it turns", 1, 16, whole=True),
        "action": Choice("what it sets off", tuple(ACTIONS)),
        "preset": Text(
            "the preset it loads", "the name of a preset in this folder", longest=64, pattern=NAME_PATTERN
        ),
        "low": Number("the control's value at the knob's left end", -(2.0**31), 2.0**31),
        "high": Number("the control's value at the knob's right end", -(2.0**31), 2.0**31),
    },
    one_of=(("cc", "program"), ("control", "action", "preset")),
)

_MIDI_OUT: Final = Group(
    "what is sent by MIDI beside the answer's notes; where nothing is said, nothing",
    {
        "programs": Flag(
            "when the preset comes into use, each part's program is sent as a program change on its channel; "
            "of parts that share a channel the first one's, and drums have none"
        ),
        "state_cc": Number(
            "the controller that says on channel 1 what the bridge is doing, whenever that changes: "
            "0 idle, 32 listening, 64 generating, 96 playing",
            0,
            119,
            whole=True,
            except_for={64: "the sustain pedal"},
        ),
    },
)

_LISTEN: Final = Group(
    "how a phrase ends, and by whose beat it goes",
    {
        "end": Choice("by silence, after some bars, or only when told (signal)", PHRASE_ENDS, "silence"),
        "silence": Number("how long a silence ends a phrase", 0.25, 64, 2.0, unit="beats"),
        "bars": Number("how long a phrase is, where its end is bars", 1, 64, 4, whole=True, unit="bars"),
        "tempo": Choice(
            "where no clock runs: by the transport's tempo (clock), or by yours, which is estimated (free)",
            PHRASE_TEMPOS,
            "clock",
        ),
    },
)

_ANSWER: Final = Group(
    "when and how long the answer plays",
    _controls_of("answer")
    | {
        "quantise": Choice(
            "where an answer may begin: at once, on a beat or on a bar line", QUANTISES, "bar"
        ),
        "lookahead": Number(
            "how far ahead the music is planned for good; bars after that change when a control does",
            0.25,
            64,
            LOOKAHEAD,
            unit="beats",
        ),
        "commit": Number(
            "how far ahead of its sound a note is sent, at most the lookahead, which it is where nothing is "
            "said; a change of tempo moves a note until then",
            0.0,
            64,
            unit="beats",
        ),
        "interrupt": Choice(
            "where an answer ends that the player interrupts: at once, or on the next beat", INTERRUPTS, "now"
        ),
        "late": Choice(
            "a note decided too late is left out, moves all to a later beat, or sounds at once",
            LATES,
            "compress",
        ),
    },
)

PRESET: Final = Group(
    "a MeloFormer preset",
    {
        "format": Number("the version of this file's layout", FORMAT, FORMAT, whole=True),
        "name": Text(
            "the preset's name, the same as the file's without .yaml",
            "1 to 64 of a-z, 0-9, - and _, starting with a letter or digit",
            longest=64,
            pattern=NAME_PATTERN,
        ),
        "description": Text("what it sounds like", "up to 1000 characters", longest=1000, default=""),
        "weights": Text(
            "the model's file, as a path from this file",
            "a .safetensors file in this file's folder or below it, with / between folders",
            longest=200,
            pattern=WEIGHTS_PATTERN,
        ),
        "sampling": Group("how the model chooses notes", _controls_of("sampling")),
        "controls": Group(
            "starting values of the other live controls",
            _controls_of("controls"),
            elsewhere={row.name: row.home for row in CONTROLS.values()},
        ),
        "parts": Rows("the instruments of the band", _PART, longest=64),
        "midi_map": Rows(
            "what knobs, pedals and program changes do",
            _MIDI_MAPPING,
            longest=128,
            default=[{"cc": row.cc, "control": row.control} for row in DEFAULT_MIDI_MAP],
        ),
        "feedback": Choice(
            "changes: a control that changes by OSC or with a preset sends its CC, for knobs that light up",
            FEEDBACKS,
            "none",
        ),
        "midi_out": _MIDI_OUT,
        "listen": _LISTEN,
        "answer": _ANSWER,
    },
    required=("format", "name", "weights"),
)

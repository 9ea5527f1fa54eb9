"""The one table of live controls: what a musician may turn while the music plays.

A row here is a preset field, an OSC address (`/melo/control/<name>`), a default MIDI CC and a line of the
reference, all with the same range. A row is added together with what it does, never before.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meloformer.presets.control import Control
from meloformer.presets.words import (
    CHORDS_PATTERN,
    FREE,
    GRID_PATTERN,
    HEARD,
    PROGRAMS_PATTERN,
    SCALE_PATTERN,
)

_ROWS: Final = (
    Control(
        name="temperature",
        kind="float",
        low=0.0,
        high=2.0,
        default=1.0,
        unit="",
        meaning="how daring the answer is: 0 always takes the likeliest note, 2 is wild",
        home="sampling.temperature",
        cc=20,
    ),
    Control(
        name="top_p",
        kind="float",
        low=0.05,
        high=1.0,
        default=0.95,
        unit="share of probability",
        meaning="the model chooses among the likeliest notes that make up this share; 1 allows all",
        home="sampling.top_p",
        cc=21,
    ),
    Control(
        name="min_p",
        kind="float",
        low=0.0,
        high=0.5,
        default=0.02,
        unit="share of the likeliest note",
        meaning="notes less likely than this share of the likeliest one are left out; 0 leaves none out",
        home="sampling.min_p",
        cc=22,
    ),
    Control(
        name="seed",
        kind="int",
        low=0,
        high=2**31 - 1,
        default=1,
        unit="",
        meaning="where chance begins: the same phrase, settings and seed give the same answer",
        home="sampling.seed",
        cc=None,
    ),
    Control(
        name="echo",
        kind="float",
        low=0.0,
        high=1.0,
        default=1.0,
        unit="",
        meaning="how readily figures of the phrase come back in its answer: 0 leaves that to the model",
        home="sampling.echo",
        cc=None,
    ),
    Control(
        name="memory",
        kind="float",
        low=0.0,
        high=1.0,
        default=0.0,
        unit="",
        meaning="how readily phrases that you played in this sitting come back: 0 leaves that to the model",
        home="sampling.memory",
        cc=25,
    ),
    Control(
        name="bars",
        kind="int",
        low=1,
        high=64,
        default=4,
        unit="bars",
        meaning="how long an answer is",
        home="answer.bars",
        cc=23,
    ),
    Control(
        name="velocity",
        kind="float",
        low=0.25,
        high=2.0,
        default=1.0,
        unit="times",
        meaning="how hard the answer plays: every velocity is multiplied by this",
        home="controls.velocity",
        cc=24,
    ),
    Control(
        name="polyphony",
        kind="int",
        low=1,
        high=32,
        default=32,
        unit="notes",
        meaning="the most notes that an instrument sounds at once (drums: strikes at once); 32 is no limit",
        home="controls.polyphony",
        cc=26,
        per_channel=True,
    ),
    Control(
        name="density",
        kind="float",
        low=0.25,
        high=32.0,
        default=32.0,
        unit="notes a beat",
        meaning="the most notes that an instrument begins, spread over each bar: 0.5 is two in a bar of 4/4; "
        "32 is no limit",
        home="controls.density",
        cc=27,
        per_channel=True,
    ),
    Control(
        name="pitch_range",
        kind="range",
        low=0,
        high=127,
        default=(0, 127),
        unit="MIDI notes",
        meaning="the lowest and the highest note that is played (60 is middle C); drums are exempt",
        home="controls.pitch_range",
        per_channel=True,
    ),
    Control(
        name="velocity_range",
        kind="range",
        low=1,
        high=127,
        default=(1, 127),
        unit="MIDI velocity",
        meaning="how soft and how loud a note may be",
        home="controls.velocity_range",
        per_channel=True,
    ),
    Control(
        name="silence",
        kind="int",
        low=0,
        high=1,
        default=0,
        unit="",
        meaning="1: nothing is played",
        home="controls.silence",
        per_channel=True,
    ),
    Control(
        name="cadence",
        kind="int",
        low=0,
        high=1,
        default=1,
        unit="",
        meaning="1: the last of several bars rests, on the chord of your key; 0: the answer just ends",
        home="controls.cadence",
    ),
    Control(
        name="scale",
        kind="text",
        default=FREE,
        unit="",
        meaning="the scale that is kept to; drums are exempt",
        home="controls.scale",
        pattern=SCALE_PATTERN,
        words="free, or a root and a kind: major, minor, harmonic minor, melodic minor, dorian, phrygian, "
        "lydian, mixolydian, locrian, major pentatonic, minor pentatonic, blues or whole tone, "
        "such as C major or F# dorian",
    ),
    Control(
        name="grid",
        kind="text",
        default="all",
        unit="",
        meaning="where in a beat notes may begin and end",
        home="controls.grid",
        pattern=GRID_PATTERN,
        words="one of all, quarter, eighth, sixteenth, triplet",
    ),
    Control(
        name="chords",
        kind="text",
        default=FREE,
        unit="",
        meaning="the chords of the answer, one a bar and over again",
        home="controls.chords",
        pattern=CHORDS_PATTERN,
        words="free, or chords such as Am F C G: a root with #, b or neither, and nothing, m, 7, maj7, m7, "
        "dim, aug, sus4, m7b5, 6, 9, 13 or their like; the bass of C/G is not prescribed; N is no chord",
    ),
    Control(
        name="programs",
        kind="text",
        default=HEARD,
        unit="",
        meaning="the instruments that may play",
        home="controls.programs",
        pattern=PROGRAMS_PATTERN,
        words="heard (those that were), or General MIDI programs from 0 to 127 and drums, such as 0 33 drums",
    ),
)

CONTROLS: Final[Mapping[str, Control]] = MappingProxyType({row.name: row for row in _ROWS})

# What a pedal, pad or program change may trigger; each is the end of an OSC address: /melo/<action>.
ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "phrase/begin": "forget the phrase so far and start listening",
        "phrase/end": "the phrase is complete: answer it",
        "continue": "continue what has been heard, now",
        "accompany": "play along, or no more",
        "pause": "hear nothing that is played, or listen again",
        "mute": "the band is silent, or plays again",
        "reset": "forget everything; controls as in the preset",
        "stop": "stop answering",
        "panic": "silence everything at once",
        "transport/start": "run from beat 0",
        "transport/stop": "stand still",
        "transport/continue": "run from where it stood still",
    }
)

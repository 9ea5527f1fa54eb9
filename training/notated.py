"""The parts of a MusicXML document bar by bar, and what a player makes of each: exact times, in quarters."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import NamedTuple
from xml.etree.ElementTree import Element

from meloformer.model.score import Meter
from meloformer.model.vocabulary import DRUMS
from meloformer.training.playing_order import MOST_TURNS, NOTHING, Marks

DRUM_CHANNEL = "10"
MOST_DIVISIONS = 2**63  # of a quarter, in all parts: beyond it exact times would take all the time there is
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
UNITS = {name: Fraction(4, 2**n) for n, name in enumerate(("whole", "half", "quarter", "eighth", "16th"))}
FORTE = 90  # the velocity where none is written, and of which <sound dynamics> tells percent
VELOCITIES = {"pppp": 8, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126}
# The key of what is struck, by its place on a drum set's staff.
DRUM_SET = {"D4": 44, "F4": 36, "A4": 43, "C5": 38, "D5": 47, "E5": 48, "F5": 51, "G5": 42, "A5": 49}


class Sound(NamedTuple):
    """What an instrument of a part is: 0 to 127, or DRUMS and the key of what is struck, where it is told."""

    instrument: int = 0
    key: int | None = None


class Written(NamedTuple):
    """A note in its bar; velocity 0 means that of the part there."""

    onset: Fraction
    length: Fraction
    instrument: int
    pitch: int
    velocity: int
    tied_on: bool  # to a note that follows
    tied_back: bool


@dataclass(slots=True)
class Bar:
    """A bar of one part."""

    meter: Meter
    length: Fraction = Fraction(0)  # of what stands in it
    notes: list[Written] = field(default_factory=list)
    tempos: list[tuple[Fraction, float]] = field(default_factory=list)
    loudness: list[tuple[Fraction, int]] = field(default_factory=list)
    marks: Marks = NOTHING

    @property
    def written(self) -> Fraction:
        """How long its meter is."""
        return Fraction(4 * self.meter.numerator, self.meter.denominator)


def parts_of(root: Element) -> list[list[Bar]]:
    """The bars of each part as they are written. Raises ValueError where a number makes no sense."""
    if lcm(*(int(_fraction(said.text or "")) for said in root.iter("divisions"))) > MOST_DIVISIONS:
        raise ValueError("divisions of a quarter that do not go together")
    sounds_as_written = root.find("defaults/concert-score") is not None
    sounds = {
        part.get("id"): {midi.get("id", ""): _sound(midi) for midi in part.iterfind("midi-instrument")}
        for part in root.iterfind("part-list/score-part")
    }
    return [
        [reader.bar(measure) for measure in part.iterfind("measure")]
        for part in root.iterfind("part")
        for reader in [_Reader(sounds.get(part.get("id"), {}), sounds_as_written)]
    ]


def _sound(midi: Element) -> Sound:
    key, program = _number(midi, "midi-unpitched"), _number(midi, "midi-program")
    if key is not None or (midi.findtext("midi-channel") or "").strip() == DRUM_CHANNEL:
        return Sound(DRUMS, None if key is None else _in_midi(key - 1))
    return Sound(0 if program is None else _in_midi(program - 1))


def _in_midi(number: Fraction) -> int:
    return max(0, min(127, int(number)))


def _number(element: Element, tag: str) -> Fraction | None:
    """The number in a child, where there is one. Raises ValueError for what is none, or is too large."""
    said = element.findtext(tag)
    return None if said is None else _fraction(said)


def _fraction(said: str) -> Fraction:
    number = re.fullmatch(r"\s*([+-]?\d{1,9})(?:(\.\d{1,9})\d*|\.)?\s*", said)
    if number is None:
        raise ValueError(f"{said[:20]!r}")
    return Fraction(number[1] + (number[2] or ""))


class _Reader:
    """Goes through a part in the order of the file, and knows what holds there."""

    def __init__(self, sounds: Mapping[str, Sound], sounds_as_written: bool) -> None:
        self._sounds = sounds
        self._first = next(iter(sounds.values()), Sound())
        self._sounds_as_written = sounds_as_written
        self._divisions = Fraction(1)
        self._transposed = 0
        self._meter = Meter(4, 4)
        self._endings: frozenset[int] = frozenset()

    def bar(self, measure: Element) -> Bar:
        bar = Bar(self._meter)
        at = onset = filled = Fraction(0)
        for element in measure:
            match element.tag:
                case "note":
                    length = self._length(element)
                    if element.find("chord") is None:
                        onset, at = at, at + length
                    self._add_note(bar, element, onset, length)
                case "backup":
                    at = max(Fraction(0), at - self._length(element))
                case "forward":
                    at += self._length(element)
                case "attributes":
                    self._hold(element)
                    bar.meter = self._meter if at == 0 else bar.meter
                case "direction" | "sound":
                    self._add_direction(bar, element, at)
            filled = max(filled, at)
        sounds = max((note.onset + note.length for note in bar.notes), default=Fraction(0))
        bar.length = max(sounds, min(filled, bar.written))  # a rest too many makes no bar longer
        bar.marks = self._marks(measure)
        return bar

    def _length(self, element: Element) -> Fraction:
        length = (_number(element, "duration") or Fraction(0)) / self._divisions
        if length < 0:
            raise ValueError("a length below 0")
        return length

    def _hold(self, attributes: Element) -> None:
        divisions = _number(attributes, "divisions")
        self._divisions = self._divisions if divisions is None else divisions
        if self._divisions <= 0:
            raise ValueError("divisions that are not above 0")
        if (time := attributes.find("time")) is not None:
            self._meter = _meter(time) or self._meter
        if (transpose := attributes.find("transpose")) is not None and not self._sounds_as_written:
            octaves = _number(transpose, "octave-change") or Fraction(0)
            self._transposed = int(12 * octaves + (_number(transpose, "chromatic") or 0))

    def _add_note(self, bar: Bar, note: Element, onset: Fraction, length: Fraction) -> None:
        silent = any(note.find(tag) is not None for tag in ("rest", "grace", "cue"))
        if silent or not length or (heard := self._heard(note)) is None:
            return
        ties = {tie.get("type") for tie in note.iterfind("tie")}
        percent = note.get("dynamics")
        velocity = 0 if percent is None else _velocity(percent)
        bar.notes.append(Written(onset, length, *heard, velocity, "start" in ties, "stop" in ties))

    def _heard(self, note: Element) -> tuple[int, int] | None:
        """The instrument and the pitch; None for an unpitched note of which nobody knows what is struck."""
        named = note.find("instrument")
        sound = self._sounds.get(named.get("id", ""), self._first) if named is not None else self._first
        if (unpitched := note.find("unpitched")) is not None:
            place = f"{unpitched.findtext('display-step')}{unpitched.findtext('display-octave')}"
            key = DRUM_SET.get(place) if sound.key is None else sound.key
            return None if key is None else (DRUMS, key)
        if (pitch := note.find("pitch")) is None:
            return None
        step, octave = STEPS.get((pitch.findtext("step") or "").strip()), _number(pitch, "octave")
        if step is None or octave is None:
            raise ValueError("a pitch without a step or an octave")
        key = round(12 * (octave + 1) + step + (_number(pitch, "alter") or 0))
        if sound.instrument == DRUMS:
            return DRUMS, _in_midi(Fraction(key)) if sound.key is None else sound.key
        return (sound.instrument, key + self._transposed) if 0 <= key + self._transposed < 128 else None

    def _add_direction(self, bar: Bar, element: Element, at: Fraction) -> None:
        sound = element if element.tag == "sound" else element.find("sound")
        if (moved := element.find("offset")) is not None and moved.get("sound") == "yes":
            at = max(Fraction(0), at + _fraction(moved.text or "0") / self._divisions)
        qpm = _fraction(sound.get("tempo", "0")) if sound is not None else Fraction(0)
        qpm = qpm or next(_metronomes(element), Fraction(0))
        if qpm > 0:
            bar.tempos.append((at, float(qpm)))
        if sound is not None and (percent := sound.get("dynamics")) is not None:
            bar.loudness.append((at, _velocity(percent)))
            return
        written = (sign.tag for sign in element.iterfind("direction-type/dynamics/*"))
        bar.loudness += [(at, VELOCITIES[sign]) for sign in written if sign in VELOCITIES]

    def _marks(self, measure: Element) -> Marks:
        """What bar lines and <sound> say of the order; an ending goes on until it is said to end."""
        says: dict[str, str] = {}
        for sound in measure.iter("sound"):
            says |= sound.attrib
        forward, backward, ends = False, 0, False
        for line in measure.iterfind("barline"):
            if (ending := line.find("ending")) is not None:
                starts = ending.get("type") == "start"
                self._endings = _turns(ending.get("number", "")) if starts else self._endings
                ends = ends or not starts
            if (repeat := line.find("repeat")) is not None:
                forward = forward or repeat.get("direction") == "forward"
                if repeat.get("direction") == "backward":
                    backward = max(2, min(MOST_TURNS, int(_fraction(repeat.get("times", "2")))))
        endings = self._endings
        self._endings = frozenset() if ends else endings
        jump = next((name for name in ("dacapo", "dalsegno") if name in says), "")
        here = {name: name in says for name in ("segno", "coda", "tocoda", "fine")}
        return Marks(forward, backward, endings, jump, **here)


def _meter(time: Element) -> Meter | None:
    """As it is written; a sum such as 3+2 is one number. None for a meter without beats."""
    beats = [int(number) for number in re.findall(r"\d{1,3}", time.findtext("beats") or "")]
    unit = _number(time, "beat-type")
    if not beats or not unit or not 0 < sum(beats) < 128 or unit not in (1, 2, 4, 8, 16, 32, 64):
        return None
    return Meter(sum(beats), int(unit))


def _metronomes(direction: Element) -> Iterator[Fraction]:
    """Quarters a minute of each metronome mark that names a unit and a number."""
    for mark in direction.iterfind("direction-type/metronome"):
        unit, said = UNITS.get(mark.findtext("beat-unit") or ""), mark.findtext("per-minute") or ""
        number = re.search(r"\d{1,4}(\.\d{1,4})?", said)
        if unit and number:
            dots = len(mark.findall("beat-unit-dot"))
            yield Fraction(number[0]) * unit * (2 - Fraction(1, 2 ** min(dots, 3)))


def _velocity(percent: str) -> int:
    return max(1, min(127, round(_fraction(percent) * FORTE / 100)))


def _turns(numbers: str) -> frozenset[int]:
    return frozenset(min(MOST_TURNS, int(number)) for number in re.findall(r"\d{1,9}", numbers))


class Struck(NamedTuple):
    """A note as it is played: quarters since the beginning."""

    start: Fraction
    end: Fraction
    instrument: int
    pitch: int
    velocity: int


class Played:
    """A part as it is played, bar after bar in whatever order: ties and loudness go on."""

    def __init__(self) -> None:
        self.notes: list[Struck] = []
        self._velocity = FORTE
        self._tied: dict[tuple[int, int], int] = {}  # instrument and pitch: the note that waits to go on

    def play(self, bar: Bar, at: Fraction) -> None:
        changes = sorted(bar.loudness, key=lambda change: change[0])
        onsets = [onset for onset, _ in changes]
        for note in sorted(bar.notes, key=lambda note: note.onset):
            before = bisect_right(onsets, note.onset)
            self._strike(note, at, note.velocity or (changes[before - 1][1] if before else self._velocity))
        self._velocity = changes[-1][1] if changes else self._velocity

    def _strike(self, note: Written, at: Fraction, velocity: int) -> None:
        start, who = at + note.onset, (note.instrument, note.pitch)
        waiting = self._tied.pop(who, None) if note.tied_back else None
        if waiting is not None and self.notes[waiting].end == start:
            self.notes[waiting] = self.notes[waiting]._replace(end=start + note.length)
        else:
            waiting = len(self.notes)
            self.notes.append(Struck(start, start + note.length, *who, velocity))
        if note.tied_on:
            self._tied[who] = waiting

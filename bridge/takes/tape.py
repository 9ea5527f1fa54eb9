"""A MIDI file that grows as the music does: its bytes are whole at any moment, and quickly made.

A file tick is a share of a beat at the tempo of the moment, from the take's beginning; where the transport
starts, stops or jumps stands a marker.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Final

import mido

from meloformer.model.score import Meter

TICKS_PER_BEAT: Final = 480
_HEADER: Final = b"MThd\x00\x00\x00\x06\x00\x01"
_END_OF_TRACK: Final = b"\xff\x2f\x00"


@dataclass(slots=True)
class Track:
    """One track's bytes so far, up to `tick`; `later` waits for its tick."""

    body: bytearray = field(default_factory=bytearray)
    tick: int = 0
    sounding: dict[tuple[int, int], int] = field(default_factory=dict)  # how often, by channel and pitch
    later: list[tuple[int, int, int, int]] = field(default_factory=list)  # tick, velocity, channel, pitch

    def add(self, tick: int, message: bytes) -> None:
        """A message at `tick`, or where the track has got to."""
        tick = max(tick, self.tick)
        self.body += _variable(tick - self.tick) + message
        self.tick = tick

    def note(self, tick: int, channel: int, pitch: int, velocity: int) -> None:
        """A note on; velocity 0 is its off, and means nothing where no note sounds."""
        key, count = (channel, pitch), self.sounding.get((channel, pitch), 0)
        if velocity or count:
            self.sounding[key] = max(0, count + (1 if velocity else -1))
            self.add(tick, bytes((0x90 | (channel - 1), pitch, velocity)))

    def pass_to(self, tick: int) -> None:
        """Note what was to come by now."""
        while self.later and self.later[0][0] <= tick:
            at, velocity, channel, pitch = heapq.heappop(self.later)
            self.note(at, channel, pitch, velocity)

    def chunk(self, tick: int) -> bytes:
        """The track as it would be if all ended at `tick`; what sounds then ends with it."""
        ending = Track(bytearray(), self.tick, dict(self.sounding))
        for (channel, pitch), count in self.sounding.items():
            for _ in range(count):
                ending.note(tick, channel, pitch, 0)
        ending.add(tick, _END_OF_TRACK)
        length = len(self.body) + len(ending.body)
        return b"MTrk" + length.to_bytes(4, "big") + self.body + ending.body


class Tape:
    """Tracks by name, `conductor` first: tempi, meters, markers and texts. Times are monotonic seconds."""

    def __init__(self, seconds: float, title: str) -> None:
        self._seconds, self._beat = seconds, 0.0
        self._bpm, self._meter = 0.0, Meter(0, 0)
        self._tracks: dict[str, Track] = {}
        self._conductor = self._track(title)

    def set_clock(self, seconds: float, bpm: float, meter: Meter) -> None:
        """The tempo (quarters a minute) and the meter from now on."""
        tick = self._tick(seconds)
        if bpm != self._bpm:
            self._bpm = bpm
            self._conductor.add(tick, _meta("set_tempo", tempo=mido.bpm2tempo(bpm)))
        if meter != self._meter:
            self._meter = meter
            self._conductor.add(
                tick, _meta("time_signature", numerator=meter.numerator, denominator=meter.denominator)
            )

    def text(self, seconds: float, text: str) -> None:
        """A text event."""
        self._conductor.add(self._tick(seconds), _meta("text", text=_plain(text)))

    def marker(self, seconds: float, text: str) -> None:
        """A marker."""
        self._conductor.add(self._tick(seconds), _meta("marker", text=_plain(text)))

    def program(self, track: str, channel: int, program: int) -> None:
        """The sound of a channel, where its track has just begun."""
        if track not in self._tracks:
            self._track(track).add(0, bytes((0xC0 | (channel - 1), program)))

    def note(self, seconds: float, track: str, channel: int, pitch: int, velocity: int) -> None:
        """A note on now; velocity 0 is its off."""
        self._track(track).note(self._tick(seconds), channel, pitch, velocity)

    def score_note(
        self, seconds: float, track: str, onset: float, end: float, channel: int, pitch: int, velocity: int
    ) -> None:
        """A note of a score whose beat 0 is now."""
        first, later = self._tick(seconds), self._track(track).later
        heapq.heappush(later, (first + round(onset * TICKS_PER_BEAT), velocity, channel, pitch))
        heapq.heappush(later, (first + max(1, round(end * TICKS_PER_BEAT)), 0, channel, pitch))

    def content(self, seconds: float) -> bytes:
        """The whole file, up to now."""
        tick = self._tick(seconds)
        for track in self._tracks.values():
            track.pass_to(tick)
        chunks = b"".join(track.chunk(tick) for track in self._tracks.values())
        size = len(self._tracks).to_bytes(2, "big") + TICKS_PER_BEAT.to_bytes(2, "big")
        return _HEADER + size + chunks

    def _tick(self, seconds: float) -> int:
        """The tick of now; time never goes back."""
        passed = max(0.0, seconds - self._seconds)
        self._beat += passed * self._bpm / 60
        self._seconds += passed
        return round(self._beat * TICKS_PER_BEAT)

    def _track(self, name: str) -> Track:
        if name not in self._tracks:
            self._tracks[name] = Track()
            self._tracks[name].add(0, _meta("track_name", name=_plain(name)))
        return self._tracks[name]


def _meta(kind: str, **values: object) -> bytes:
    return bytes(mido.MetaMessage(kind, **values).bytes())


def _plain(text: str) -> str:
    """Latin-1, in which MIDI files write."""
    return text.encode("latin-1", "replace").decode("latin-1")


def _variable(number: int) -> bytes:
    """A variable-length quantity, of 1 to 4 bytes."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | (number & 0x7F))
    return bytes(reversed(digits))

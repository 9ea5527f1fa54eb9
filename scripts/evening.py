"""A long evening at the bridge, made up from a seed: all that players do, in any order, with many parts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

PRESETS: Final = ("evening", "quick", "gentle")
CHANNELS: Final = range(1, 17)
BAR_BEATS: Final = 4
SCALE: Final = (0, 2, 4, 5, 7, 9, 11)


class Said(NamedTuple):
    """An OSC message at `seconds` since the evening began."""

    seconds: float
    address: str
    arguments: tuple[Any, ...] = ()


def parts() -> list[dict[str, Any]]:
    """Sixteen parts, one a channel."""
    programs = (0, 33, 25, 48, 65, 11, 4, 19, 56, None, 40, 71, 24, 88, 52, 73)
    return [
        {"channel": channel, "program": "drums" if program is None else program}
        for channel, program in zip(CHANNELS, programs, strict=True)
    ]


def changes(name: str) -> dict[str, Any]:
    """What each of the evening's presets says otherwise than the one that it is made from."""
    answers = {
        "evening": {"bars": 4, "quantise": "bar", "lookahead": 1.0, "commit": 0.5},
        "quick": {"bars": 2, "quantise": "beat", "lookahead": 0.5},
        "gentle": {"bars": 4, "quantise": "bar", "lookahead": 1.0, "interrupt": "beat"},
    }
    return {"name": name, "parts": parts(), "answer": answers[name]}


class Evening:
    """Rounds of playing and what comes of them, one after the other, until `minutes` are over."""

    def __init__(self, minutes: float, seed: int) -> None:
        self._dice = random.Random(seed)
        self._end_s = minutes * 60
        self._seconds = 0.0
        self._bpm = 120.0

    def __iter__(self) -> Iterator[Said]:
        while self._seconds < self._end_s:
            ways = (self._called, self._called, self._scored, self._along, self._varied, self._endless)
            yield from self._dice.choice(ways)()
            yield from self._dice.choice((self._rest, self._turned, self._changed, self._troubled))()
            yield self._say("/melo/ping")
        yield Said(self._seconds, "/melo/stop")

    def _called(self) -> Iterator[Said]:
        """Call and response; sometimes the player falls into the answer."""
        yield from self._phrase(self._dice.randint(1, 3))
        self._wait(2 + self._dice.choice((1, 12, 20)))

    def _scored(self) -> Iterator[Said]:
        """A phrase handed over as a score."""
        yield self._say("/melo/phrase/begin")
        for _ in range(self._dice.randint(4, 24)):
            onset, length = self._dice.randint(0, 31) / 4, self._dice.choice((0.25, 0.5, 1.0))
            yield self._say("/melo/phrase/note", onset, length, *self._note(), 90)
        yield self._say("/melo/phrase/end")
        self._wait(self._dice.choice((4, 18)))

    def _along(self) -> Iterator[Said]:
        yield self._say("/melo/accompany", 1)
        yield from self._phrase(self._dice.randint(2, 6))
        yield self._say("/melo/accompany", 0)

    def _varied(self) -> Iterator[Said]:
        yield from self._phrase(1, over=False)
        yield self._say("/melo/variations", 2, 2)
        self._wait(8)
        yield self._say("/melo/choose", self._dice.randint(1, 2))
        self._wait(self._dice.choice((3, 12)))

    def _endless(self) -> Iterator[Said]:
        yield from self._phrase(1, over=False)
        yield self._say("/melo/continue", 0)
        for _ in range(self._dice.randint(1, 6)):
            self._wait(self._dice.randint(2, 12))
            yield from self._turned()
        yield self._say("/melo/stop")

    def _phrase(self, bars: int, over: bool = True) -> Iterator[Said]:
        """Live notes on a few of the sixteen channels, some of them chords, each with its end."""
        channels = self._dice.sample(CHANNELS, self._dice.randint(1, 16))
        for _ in range(bars * BAR_BEATS * 2):
            struck = [self._note(channels) for _ in range(self._dice.choice((0, 1, 1, 2, 4)))]
            for channel, pitch in struck:
                yield self._say("/melo/note", channel, pitch, self._dice.randint(30, 120))
            self._wait(0.45)
            for channel, pitch in struck:
                yield self._say("/melo/note", channel, pitch, 0)
            self._wait(0.05)
        if over and self._dice.random() < 0.5:
            yield self._say("/melo/phrase/end")

    def _rest(self) -> Iterator[Said]:
        self._wait(self._dice.choice((1, 4, 8)))
        yield self._say("/melo/status")

    def _turned(self) -> Iterator[Said]:
        control, values = self._dice.choice(
            (
                ("temperature", (0.7, 0.9, 1.1)),
                ("density", (2.0, 8.0, 32.0)),
                ("polyphony", (2, 8, 32)),
                ("scale", ("free", "C major")),
                ("velocity", (0.7, 1.0, 1.3)),
            )
        )
        yield self._say(f"/melo/control/{control}", self._dice.choice(values))

    def _changed(self) -> Iterator[Said]:
        """Another preset, tempo, meter or place."""
        kind = self._dice.choice(("preset", "preset", "tempo", "meter", "start"))
        if kind == "preset":
            yield self._say("/melo/preset/load", self._dice.choice(PRESETS))
        elif kind == "tempo":
            self._bpm = float(self._dice.randint(60, 180))
            yield self._say("/melo/transport/tempo", self._bpm)
        elif kind == "meter":
            yield self._say("/melo/transport/meter", self._dice.choice((3, 4, 5)), 4)
        else:
            yield self._say(self._dice.choice(("/melo/transport/start", "/melo/transport/stop")))

    def _troubled(self) -> Iterator[Said]:
        """Panic, and what makes no sense just now."""
        addresses = ("/melo/panic", "/melo/stop", "/melo/phrase/end", "/melo/choose", "/melo/nothing")
        yield self._say(self._dice.choice(addresses))

    def _note(self, channels: list[int] | range = CHANNELS) -> tuple[int, int]:
        channel = self._dice.choice(channels)
        pitch = self._dice.choice((36, 38, 42, 46)) if channel == 10 else 48 + 12 * self._dice.randint(0, 2)
        return channel, pitch if channel == 10 else pitch + self._dice.choice(SCALE)

    def _say(self, address: str, *arguments: Any) -> Said:
        return Said(self._seconds, address, arguments)

    def _wait(self, beats: float) -> None:
        self._seconds += beats * 60 / self._bpm

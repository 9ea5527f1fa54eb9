"""How exactly answers lie on the grid of a DAW that sends MIDI clock: steady, jittery, ramping, relocated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from meloformer.bridge.running import steady_hands
from meloformer.scripts.bench_bridge import Record
from meloformer.scripts.daw import CONTINUE, PERIOD, RATE, START, STOP, Daw, Grid, Pace, jack_server
from meloformer.scripts.served import Arrival, Served, served, spread

PHRASE: Final = (60, 64, 67, 72)  # a beat each, from the first bar line on
BARS: Final = 8
CHANGES: Final = {
    "answer": {"bars": BARS, "quantise": "bar", "lookahead": 0.25},
    "listen": {"end": "bars", "bars": 1},
}
# JACK hands a message over in its next cycle, once on the way in and once on the way out: on average half a
# cycle, and a whole one. A musician would set that too.
OPTIONS: Final = ("--midi", "jack", "--midi-latency", str(1500 * PERIOD / RATE))
BEATS: Final = 4 * (BARS + 3)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the DAW does: its tempo by beat, its jitter, where in its song it begins."""

    name: str
    pace: Pace
    jitter_s: float = 0.0
    first_beat: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """How late each note of an answer was (early: below 0), and how many never came."""

    errors_ms: list[float]
    lost: int

    def record(self, clock: str) -> Record:
        middle = sorted(self.errors_ms)[len(self.errors_ms) // 2]
        return {
            "measure": "onset error against the sender's grid",
            "clock": clock,
            **spread([abs(error) for error in self.errors_ms]),
            "median_late_ms": round(middle, 2),
            "lost": self.lost,
        }


def steady(bpm: float) -> Pace:
    return lambda _: bpm


def ramp(low: float, high: float, begin: float, beats: float) -> Pace:
    return lambda beat: low + (high - low) * min(1.0, max(0.0, (beat - begin) / beats))


SCENARIOS: Final = (
    Scenario("steady 60", steady(60.0)),
    Scenario("steady 120", steady(120.0)),
    Scenario("steady 180", steady(180.0)),
    Scenario("steady 120, jitter 3 ms", steady(120.0), jitter_s=0.003),
    Scenario("ramp 60 to 180 in 32 beats", ramp(60.0, 180.0, begin=6.0, beats=32.0)),
    Scenario("stop, locate to beat 64, continue at 120", steady(120.0), first_beat=64.0),
)


def measure(preset: str, presets: Path) -> Iterator[Record]:
    """One record for each scenario, as it is played, and one for all of their notes."""
    steady_hands()
    told: list[Told] = []
    with jack_server(), served(preset, presets, CHANGES, *OPTIONS) as bridge:
        daw = Daw()
        try:
            for scenario in SCENARIOS:
                told.append(play(bridge, daw, scenario))
                yield told[-1].record(scenario.name)
        finally:
            daw.close()
    errors_ms = [error for each in told for error in each.errors_ms]
    yield Told(errors_ms, sum(each.lost for each in told)).record("all of them")


def play(bridge: Served, daw: Daw, scenario: Scenario) -> Told:
    """Play a phrase in time with the clock, and compare what comes back with the clock's grid."""
    grid = Grid.of(scenario.pace, BEATS, scenario.first_beat)
    bridge.forget()
    daw.heard.clear()
    begin(daw, scenario)
    began_s = daw.play(grid, phrase(scenario.first_beat), scenario.jitter_s)
    daw.send(STOP)
    bridge.arrival("/melo/out/end")  # which the stop brought about, if nothing else has
    return compared(grid, began_s, bridge.passed, onsets(daw))


def begin(daw: Daw, scenario: Scenario) -> None:
    if scenario.first_beat:
        daw.locate(scenario.first_beat)
        daw.send(CONTINUE)
    else:
        daw.send(START)
    time.sleep(0.1)


def phrase(first_beat: float) -> list[tuple[float, list[int]]]:
    notes = []
    for place, pitch in enumerate(PHRASE):
        notes += [(first_beat + place, [0x90, pitch, 90]), (first_beat + place + 0.9, [0x80, pitch, 0])]
    return notes


def onsets(daw: Daw) -> dict[tuple[int, int], list[float]]:
    """When the notes of each channel and pitch came."""
    found: dict[tuple[int, int], list[float]] = {}
    for at, message in daw.heard:
        if message[0] & 0xF0 == 0x90 and message[2]:
            found.setdefault((message[0] % 16 + 1, message[1]), []).append(at)
    return found


def compared(
    grid: Grid, began_s: float, told: list[Arrival], heard: dict[tuple[int, int], list[float]]
) -> Told:
    """Each note that OSC told of, with its beat, beside the note that MIDI brought."""
    notes: list[Any] = [e.message.arguments for e in told if e.message.address == "/melo/out/note"]
    errors_ms, lost = [], 0
    for _, channel, pitch, _, beat in notes:
        came = heard.get((channel, pitch), [])
        if not came:
            lost += 1
        elif grid.holds(beat):
            errors_ms.append((came.pop(0) - began_s - grid.seconds_at(beat)) * 1000)
    return Told(errors_ms, lost)

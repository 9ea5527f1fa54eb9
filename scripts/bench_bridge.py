"""What the bridge takes: to the first answered note, beside a note's time, and of a core when idle."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from meloformer.scripts.served import AT_ONCE, IN_TIME, LOOKAHEAD_BEATS, Served, served

BPM: Final = 240.0
NOTES: Final = (8, 32, 128)
PITCHES: Final = (60, 64, 67, 72, 71, 67, 64, 62, 60, 65, 69, 72, 74, 72, 67, 65)
EIGHTH_S: Final = 60 / BPM / 2
TIMED_S: Final = 20.0
SETTLED_S: Final = 2.0  # the first notes of an answer are due as they are decided; then the engine is ahead
IDLE_S: Final = 5.0

Record = dict[str, Any]


def measure(preset: str, presets: Path, repeats: int, *options: str) -> Iterator[Record]:
    """One record for each measurement, as it is made; `options` are those of `meloformer bridge`."""
    with served(preset, presets, AT_ONCE, *options) as bridge:
        bridge.send("/melo/transport/tempo", BPM)
        for notes in NOTES:
            yield first_note(bridge, notes, repeats)
        yield handed_over(bridge, 32, repeats)
        yield idle(bridge)
    with served(preset, presets, IN_TIME, *options) as bridge:
        yield timing(bridge)


def first_note(bridge: Served, notes: int, repeats: int) -> Record:
    """From the end of a phrase played live, in eighths, to its first answered note at the client."""
    times_ms = []
    for _ in range(repeats):
        bridge.send("/melo/phrase/begin")
        for place in range(notes):
            play(bridge, PITCHES[place % len(PITCHES)])
        times_ms.append(until_first_note(bridge))
    return {"measure": "first note after a live phrase", "notes": notes, **spread(times_ms)}


def play(bridge: Served, pitch: int) -> None:
    bridge.send("/melo/note", 1, pitch, 90)
    time.sleep(0.9 * EIGHTH_S)
    bridge.send("/melo/note", 1, pitch, 0)
    time.sleep(0.1 * EIGHTH_S)


def handed_over(bridge: Served, notes: int, repeats: int) -> Record:
    """The same for a phrase that is sent at once, as a score: nothing could be read while it was played."""
    times_ms = []
    for _ in range(repeats):
        bridge.send("/melo/phrase/begin")
        for place in range(notes):
            bridge.send("/melo/phrase/note", place / 2, 0.45, 1, PITCHES[place % len(PITCHES)], 90)
        times_ms.append(until_first_note(bridge))
    return {"measure": "first note after a score", "notes": notes, **spread(times_ms)}


def until_first_note(bridge: Served) -> float:
    """Milliseconds from the end of the phrase to the first note; the rest of the answer is stopped."""
    bridge.forget()
    asked_s = time.time()
    bridge.send("/melo/phrase/end")
    first = bridge.arrival("/melo/out/note")
    bridge.send("/melo/stop")
    bridge.arrival("/melo/out/end")
    return (first.epoch_s - asked_s) * 1000


def timing(bridge: Served) -> Record:
    """How far from its planned moment each note leaves, while the engine is generating.

    A note is planned to leave one lookahead before the time that it carries.
    """
    ahead_s = LOOKAHEAD_BEATS * 60 / BPM
    bridge.send("/melo/transport/tempo", BPM)
    bridge.send("/melo/phrase/begin")
    for place in range(32):
        bridge.send("/melo/phrase/note", place / 2, 0.45, 1, PITCHES[place % len(PITCHES)], 90)
    bridge.send("/melo/phrase/end")
    bridge.arrival("/melo/out/note")
    time.sleep(SETTLED_S)
    bridge.forget()
    began_s, used_s = time.monotonic(), cpu_seconds(bridge)
    errors_ms = []
    while time.monotonic() - began_s < TIMED_S:
        arrival = bridge.arrival("/melo/out/note")
        assert arrival.message.epoch_s is not None
        errors_ms.append(abs(arrival.epoch_s - (arrival.message.epoch_s - ahead_s)) * 1000)
    share = None if used_s is None else round((cpu_seconds(bridge) - used_s) / TIMED_S, 2)
    return {"measure": "timing of notes while generating", **spread(errors_ms), "cpu_share": share}


def idle(bridge: Served) -> Record:
    """What share of a core the bridge and its engine take when nothing happens."""
    bridge.send("/melo/panic")
    bridge.forget()
    used_s = cpu_seconds(bridge)
    time.sleep(IDLE_S)
    share = None if used_s is None else round((cpu_seconds(bridge) - used_s) / IDLE_S, 4)
    return {"measure": "idle", "seconds": IDLE_S, "cpu_share": share}


def cpu_seconds(bridge: Served) -> Any:
    """Processor time that the bridge and its engine have used; None where the system does not tell."""
    pid = bridge.process.pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        stats = [Path(f"/proc/{each}/stat").read_text() for each in (pid, *children)]
    except OSError:
        return None
    fields = [stat.rpartition(")")[2].split() for stat in stats]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def spread(times_ms: Sequence[float]) -> Record:
    """Milliseconds in the middle, at the 90th and 99th of a hundred, and at the worst."""
    ordered = sorted(times_ms)
    marks = {"median_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "worst_ms": 1.0}
    at = {name: ordered[min(len(ordered) - 1, int(mark * len(ordered)))] for name, mark in marks.items()}
    return {"samples": len(ordered)} | {name: round(value, 2) for name, value in at.items()}

"""What the bridge takes: to the first answered note, beside a note's time, and of a core when idle."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from meloformer.scripts import bench_engine
from meloformer.scripts.served import (
    AT_ONCE,
    IN_TIME,
    LOOKAHEAD_BEATS,
    Arrival,
    Served,
    served,
    served_from,
    spread,
    write_changed,
)

BPM: Final = 240.0
NOTES: Final = (8, 32, 128)
CHORDS: Final = 128  # of four notes each
SWAPS: Final = 10
SWAPPED_EVERY_S: Final = 1.0
SAME_TIME_S: Final = 0.005
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
        yield first_note(bridge, CHORDS, repeats, together=4)
        yield handed_over(bridge, 32, repeats)
        yield idle(bridge)
    with served(preset, presets, IN_TIME, *options) as bridge:
        yield timing(bridge)
    yield swapping(preset, presets, *options)
    if not options:
        yield from bench_engine.measure(preset, presets, repeats)


def first_note(bridge: Served, strikes: int, repeats: int, together: int = 1) -> Record:
    """From the end of a phrase played live, in eighths, to its first answered note at the client.

    `together`: how many notes are struck at once.
    """
    times_ms = []
    for _ in range(repeats):
        bridge.send("/melo/phrase/begin")
        for place in range(strikes):
            play(bridge, *(PITCHES[place % len(PITCHES)] - 5 * voice for voice in range(together)))
        times_ms.append(until_first_note(bridge))
    return {"measure": "first note after a live phrase", "notes": strikes * together, **spread(times_ms)}


def play(bridge: Served, *pitches: int) -> None:
    for pitch in pitches:
        bridge.send("/melo/note", 1, pitch, 90)
    time.sleep(0.9 * EIGHTH_S)
    for pitch in pitches:
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


def swapping(preset: str, presets: Path, *options: str) -> Record:
    """Ten swaps while an answer sounds: how long until each is ready, and what they do to the notes.

    The notes are compared with those of the same answer without a swap, by channel, pitch, velocity and when
    they sound: until the first swap is ready, and a lookahead longer, they are to be the same. `took_over_ms`
    is from there on to the first other note.
    """
    with tempfile.TemporaryDirectory() as folder:
        for changes in (IN_TIME | {"name": "other"}, IN_TIME):
            write_changed(preset, presets, Path(folder), changes)
            if "name" in changes:
                (Path(folder) / f"{preset}.yaml").replace(Path(folder) / "other.yaml")
        with served_from(preset, Path(folder), *options) as bridge:
            bridge.send("/melo/transport/tempo", BPM)
            unswapped, swapped = _answered(bridge, ()), _answered(bridge, ("other", preset) * (SWAPS // 2))
    promised_s = swapped.ready_s + LOOKAHEAD_BEATS * 60 / BPM
    pairs = list(zip(swapped.notes, unswapped.notes, strict=False))
    promised = [pair for pair in pairs if min(note[0] for note in pair) < promised_s]
    others = [note[0] for note, unchanged in pairs[len(promised) :] if not _are_same(note, unchanged)]
    return {
        "measure": "swaps while an answer sounds",
        **spread(swapped.swaps_ms),
        "notes": len(swapped.notes),
        "notes_promised": len(promised),
        "promised_notes_changed": sum(not _are_same(*pair) for pair in promised),
        "took_over_ms": round((others[0] - swapped.ready_s) * 1000) if others else None,
        "longest_rest_ms": swapped.longest_rest_ms,
        "longest_rest_unswapped_ms": unswapped.longest_rest_ms,
        "left_sounding": swapped.left_sounding,
    }


@dataclass(frozen=True, slots=True)
class Answered:
    """Notes of an answer as (seconds since the first, channel, pitch, velocity), and how long swaps took.

    The first swap was ready at `ready_s`; so many notes had no end.
    """

    notes: list[tuple[float, ...]]
    swaps_ms: list[float]
    ready_s: float
    left_sounding: int

    @property
    def longest_rest_ms(self) -> int:
        """From the beginning of one note to that of the next."""
        return round(max(later[0] - note[0] for note, later in pairwise(self.notes)) * 1000)


def _are_same(note: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return note[1:] == other[1:] and abs(note[0] - other[0]) < SAME_TIME_S


def _answered(bridge: Served, swaps: Sequence[str]) -> Answered:
    """An answer with these swaps in it, a second after each other, or as long without any."""
    came, swaps_ms, ready_s = list[Arrival](), list[float](), 0.0
    bridge.send("/melo/phrase/begin")
    for place in range(32):
        bridge.send("/melo/phrase/note", place / 2, 0.45, 1, PITCHES[place % len(PITCHES)], 90)
    bridge.send("/melo/phrase/end")
    came.append(bridge.arrival("/melo/out/note"))
    for name in swaps:
        asked_s = time.time()
        bridge.send("/melo/preset/load", name)
        ready = bridge.arrival("/melo/preset/loaded").epoch_s
        came += bridge.passed
        swaps_ms.append((ready - asked_s) * 1000)
        ready_s = ready_s or ready
        time.sleep(SWAPPED_EVERY_S)
    time.sleep(SWAPPED_EVERY_S if swaps else 2 * SWAPS * SWAPPED_EVERY_S)
    bridge.send("/melo/stop")
    bridge.arrival("/melo/out/end")
    came += bridge.passed
    struck = [each.message for each in came if each.message.address == "/melo/out/note"]
    began_s = struck[0].epoch_s or 0.0
    notes = [((each.epoch_s or 0.0) - began_s, *_numbers(each.arguments[1:4])) for each in struck]
    ended = sum(each.message.address == "/melo/out/off" for each in came)
    return Answered(notes, swaps_ms, ready_s - began_s, len(notes) - ended)


def _numbers(arguments: Sequence[Any]) -> tuple[int, ...]:
    return tuple(map(int, arguments))


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

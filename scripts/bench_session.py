"""A long evening: does a note stay behind, does memory grow, does anything become slower?

Rehearsed, an hour takes minutes; played, it goes over real UDP to a real bridge, in real time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

from meloformer.bridge.addresses import OutEnd, OutNote, OutOff
from meloformer.bridge.border import read
from meloformer.bridge.errors import Refused
from meloformer.bridge.midi import MidiNote
from meloformer.bridge.rehearsal import Moment, Presets, Rehearsal
from meloformer.bridge.session.actions import Send, SendMidi
from meloformer.bridge.session.events import PresetRead, Received, Rejected
from meloformer.bridge.session.machine import begin
from meloformer.bridge.settings import LOOPBACK
from meloformer.bridge.takes.noted import Noted
from meloformer.presets import reader
from meloformer.scripts.evening import PRESETS, Evening, Said, changes
from meloformer.scripts.served import Served, served, write_changed

QUARTERS: Final = 4  # an evening is compared by its quarters
SETTLED_S: Final = 5.0  # after the end: what is still to come has come

Record = dict[str, Any]


class StuckError(Exception):
    """A note did not end, or ended twice: which."""


@dataclass
class Ledger:
    """What sounds at whoever receives it; every way of naming a note has one of its own."""

    sounding: set[tuple[int, ...]] = field(default_factory=set)
    struck: int = 0

    def on(self, *key: int) -> None:
        if key in self.sounding:
            raise StuckError(f"note {key} was struck while it sounded")
        self.sounding.add(key)
        self.struck += 1

    def off(self, *key: int) -> None:
        if key not in self.sounding:
            raise StuckError(f"note {key} ended and did not sound")
        self.sounding.remove(key)


def measure(preset: str, presets: Path, minutes: float, live: bool, seed: int) -> Iterator[Record]:
    """One record for each quarter of the evening, and one for the whole; raises StuckError."""
    if live:
        yield from played(preset, presets, minutes, seed)
        return
    with tempfile.TemporaryDirectory() as folder:
        _make_presets(preset, presets, Path(folder))
        yield from rehearsed(Path(folder), minutes, seed)


def rehearsed(folder: Path, minutes: float, seed: int) -> Iterator[Record]:
    """The session and the model in this process, as fast as they go."""
    osc, midi, answers, began_s = Ledger(), Ledger(), 0, time.perf_counter()
    state = begin(reader.read(reader.find(PRESETS[0], folder)), version("meloformer"), "cpu", 0.0)
    session = Rehearsal(state, _read_from(folder))
    steps_ms: list[float] = []
    quarter, passed_s = 1, time.perf_counter()
    for noted in session.steps(_moments(Evening(minutes, seed))):
        steps_ms.append((time.perf_counter() - passed_s) * 1000)
        answers += _follow(noted, osc, midi)
        if noted.seconds >= quarter * minutes * 60 / QUARTERS and quarter <= QUARTERS:
            yield _quarter(quarter, steps_ms, _resident_mb(["self"]))
            quarter, steps_ms = quarter + 1, []
        passed_s = time.perf_counter()
    yield {
        "measure": "evening, rehearsed",
        "minutes": minutes,
        "took_s": round(time.perf_counter() - began_s, 1),
        "answers": answers,
        "notes": osc.struck,
        "left_sounding": len(osc.sounding) + len(midi.sounding),
    }


def played(preset: str, presets: Path, minutes: float, seed: int) -> Iterator[Record]:
    """The same evening, message by message at its time, to a bridge of its own; here is who receives it."""
    osc, answers, late_ms = Ledger(), 0, list[float]()
    with tempfile.TemporaryDirectory() as folder:
        _make_presets(preset, presets, Path(folder))
        with served(PRESETS[0], Path(folder), {}, "--presets", folder) as bridge:
            began_s, quarter = time.monotonic(), 1
            for said in Evening(minutes, seed):
                _wait_until(began_s + said.seconds)
                asked_s = time.time() if said.address == "/melo/ping" else None
                bridge.send(said.address, *said.arguments)
                if asked_s is not None:
                    late_ms.append((bridge.arrival("/melo/pong").epoch_s - asked_s) * 1000)
                    answers += _receive(bridge, osc)
                if said.seconds >= quarter * minutes * 60 / QUARTERS and quarter < QUARTERS:
                    yield _quarter(quarter, late_ms, _resident_mb(_processes(bridge)))
                    quarter, late_ms = quarter + 1, []
            time.sleep(SETTLED_S)
            bridge.forget()
            answers += _receive(bridge, osc)
            yield _quarter(quarter, late_ms, _resident_mb(_processes(bridge)))
    yield {
        "measure": "evening, played",
        "minutes": minutes,
        "answers": answers,
        "notes": osc.struck,
        "left_sounding": len(osc.sounding),
    }


def _make_presets(preset: str, presets: Path, folder: Path) -> None:
    for name in PRESETS:
        write_changed(preset, presets, folder, changes(name))
        (folder / f"{preset}.yaml").replace(folder / f"{name}.yaml")


def _read_from(folder: Path) -> Presets:
    return Presets(
        lambda name: PresetRead(reader.read(reader.find(name, folder))), lambda: tuple(reader.names(folder))
    )


def _moments(evening: Evening) -> Iterator[Moment]:
    for said in evening:
        yield Moment(said.seconds, _event(said))


def _event(said: Said) -> Received | Rejected:
    try:
        return Received(read(said.address, said.arguments), LOOPBACK, said.seconds)
    except Refused as refused:
        return Rejected(refused)


def _follow(noted: Noted, osc: Ledger, midi: Ledger) -> int:
    """Keep both ledgers; how many answers ended."""
    ended = 0
    for action in noted.actions:
        match action:
            case Send(OutNote(id_), _):
                osc.on(id_)
            case Send(OutOff(id_), _):
                osc.off(id_)
            case Send(OutEnd(), _):
                ended += 1
            case SendMidi(MidiNote(channel, pitch, velocity)):
                (midi.on if velocity else midi.off)(channel, pitch)
    return ended


def _receive(bridge: Served, osc: Ledger) -> int:
    """The same for what a client got since it last looked."""
    ended = 0
    for arrival in bridge.passed:
        address, arguments = arrival.message.address, arrival.message.arguments
        if address == "/melo/out/note":
            osc.on(int(str(arguments[0])))
        elif address == "/melo/out/off":
            osc.off(int(str(arguments[0])))
        ended += address == "/melo/out/end"
    return ended


def _quarter(number: int, times_ms: Sequence[float], resident_mb: float | None) -> Record:
    return {
        "measure": "a quarter of the evening",
        "quarter": number,
        "median_ms": round(median(times_ms), 3) if times_ms else None,
        "resident_mb": resident_mb,
    }


def _wait_until(at_s: float) -> None:
    time.sleep(max(0.0, at_s - time.monotonic()))


def _processes(bridge: Served) -> list[str]:
    pid = bridge.process.pid
    try:
        return [str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _resident_mb(pids: Sequence[str]) -> float | None:
    """Memory that these processes hold; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids]
    return round(sum(pages) * 4096 / 1e6, 1)

"""A long evening: does a note stay behind, does memory grow, does anything become slower?

Rehearsed, an hour takes minutes; played, it goes over real UDP to a real bridge, in real time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

from meloformer.bridge.border import read
from meloformer.bridge.engine.messages import Ask
from meloformer.bridge.engine.messages import Said as EngineSaid
from meloformer.bridge.errors import Refused
from meloformer.bridge.rehearsal import Moment, Rehearsal, presets_of
from meloformer.bridge.session.actions import Tell
from meloformer.bridge.session.events import Received, Rejected
from meloformer.bridge.session.machine import begin
from meloformer.bridge.settings import LOOPBACK
from meloformer.bridge.takes.noted import Noted
from meloformer.model.events import NoteOn
from meloformer.presets import reader
from meloformer.scripts.evening import PRESETS, Evening, Said, changes
from meloformer.scripts.receiver import Ledgers, Synthesiser, follow
from meloformer.scripts.served import Served, served_from, write_changed

QUARTERS: Final = 4  # an evening is compared by its quarters
WARM: Final = 2  # after this one all that is needed has been seen
SETTLED_S: Final = 5.0  # after the end: what is still to come has come
COUNTED: Final = {
    "swaps": "/melo/preset/load",
    "tempi": "/melo/transport/tempo",
    "panics": "/melo/panic",
}

Record = dict[str, Any]
Pids = dict[str, str]


class Watch:
    """Notes times and memory; gives one record for each quarter of the evening."""

    def __init__(self, minutes: float, pids: Pids) -> None:
        self._quarter_s = minutes * 60 / QUARTERS
        self._pids = pids
        self._number = 1
        self._noted: dict[str, list[float]] = defaultdict(list)
        self._medians: list[dict[str, float]] = []

    def note(self, name: str, *values: float) -> None:
        """Something measured in the present quarter."""
        if values:
            self._noted[name] += values

    def look(self) -> None:
        """How much memory each process holds; nothing where the system does not tell."""
        if sys.platform == "linux":
            for name, pid in self._pids.items():
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                self.note(f"{name}_mb", pages * 4096 / 1e6)

    def is_over(self, seconds: float) -> bool:
        """Whether a quarter, but not the last one, ends before that second of the evening."""
        return self._number < QUARTERS and seconds >= self._number * self._quarter_s

    def quarter(self) -> Record:
        """What was noted since the last one, in its middle and at its worst."""
        middle = {name: round(median(values), 3) for name, values in self._noted.items()}
        worst = {f"worst_{name}": round(max(values), 3) for name, values in self._noted.items()}
        record = {"measure": "a quarter of the evening", "quarter": self._number, **middle, **worst}
        self._medians.append(middle)
        self._number += 1
        self._noted.clear()
        return record

    def grown(self) -> Record:
        """By how many megabytes the middle of the last quarter is above that of the quarter after warming."""
        first, last = self._medians[WARM - 1], self._medians[-1]
        return {
            f"{name}_grew_mb": round(last[f"{name}_mb"] - first[f"{name}_mb"], 1)
            for name in self._pids
            if f"{name}_mb" in first and f"{name}_mb" in last
        }


class Waits:
    """How long the engine is waited for: from the question to the first note of its answer."""

    def __init__(self) -> None:
        self._asked_s: dict[str, float] = {}

    def of(self, noted: Noted, now_s: float) -> Iterator[float]:
        """Milliseconds, for each answer whose first note was decided in this step; `now_s` is real time."""
        match noted.event:
            case EngineSaid(request, NoteOn()) if request in self._asked_s:
                yield (now_s - self._asked_s.pop(request)) * 1000
        for action in noted.actions:
            if isinstance(action, Tell) and isinstance(action.message, Ask):
                self._asked_s[action.message.request] = now_s


def measure(preset: str, presets: Path, minutes: float, live: bool, seed: int) -> Iterator[Record]:
    """One record for each quarter of the evening, and one for the whole; raises StuckError."""
    with tempfile.TemporaryDirectory() as folder:
        _make_presets(preset, presets, Path(folder))
        yield from (played if live else rehearsed)(Path(folder), minutes, seed)


def rehearsed(folder: Path, minutes: float, seed: int) -> Iterator[Record]:
    """The session and the model in this process, as fast as they go."""
    ledgers, waits, watch, began_s = Ledgers(), Waits(), Watch(minutes, {"process": "self"}), time.monotonic()
    state = begin(reader.read(reader.find(PRESETS[0], folder)), version("meloformer"), "cpu", 0.0)
    said, passed_s = Counter[str](), time.perf_counter()
    for noted in Rehearsal(state, presets_of(folder)).steps(_moments(Evening(minutes, seed), said)):
        now_s = time.perf_counter()
        watch.note("step_ms", (now_s - passed_s) * 1000)
        watch.note("first_note_ms", *waits.of(noted, now_s))
        follow(noted.actions, ledgers)
        if isinstance(noted.event, Received | Rejected):
            watch.look()
        if watch.is_over(noted.seconds):
            yield watch.quarter()
        passed_s = time.perf_counter()
    yield watch.quarter()
    ledgers.close()
    took = {"took_s": round(time.monotonic() - began_s, 1)}
    yield {"measure": "evening, rehearsed", "minutes": minutes, **took, **_whole(said, ledgers, watch)}


def played(folder: Path, minutes: float, seed: int) -> Iterator[Record]:
    """The same evening in real time, to a bridge that keeps a take; here is who receives it."""
    synthesiser, said, takes = Synthesiser(), Counter[str](), folder / "takes"
    with served_from(PRESETS[0], folder, "--takes", str(takes)) as bridge:
        watch, kept, began_s = Watch(minutes, _processes(bridge)), Kept(takes), time.monotonic()
        for each in Evening(minutes, seed):
            time.sleep(max(0.0, began_s + each.seconds - time.monotonic()))
            said[each.address] += 1
            asked_s = time.time()
            bridge.send(each.address, *each.arguments)
            if each.address == "/melo/ping":
                watch.note("pong_ms", _receive(bridge, synthesiser, asked_s))
                watch.look()
            if watch.is_over(each.seconds):
                watch.note("first_note_ms", *kept.first_notes_ms())
                yield watch.quarter()
        time.sleep(SETTLED_S)
        bridge.send("/melo/ping")
        _receive(bridge, synthesiser, time.time())
        watch.note("first_note_ms", *kept.first_notes_ms())
        yield watch.quarter()
    synthesiser.ledgers.close()
    whole = _whole(said, synthesiser.ledgers, watch)
    yield {"measure": "evening, played", "minutes": minutes, **whole}


class Kept:
    """The latencies in the take that the bridge is writing."""

    def __init__(self, folder: Path) -> None:
        (self._file,) = folder.glob("*.jsonl")
        self._read = 0

    def first_notes_ms(self) -> list[float]:
        """From each question since the last look to the first note of the answer, as the bridge saw it."""
        with self._file.open("rb") as file:
            file.seek(self._read)
            lines = file.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._read += len(whole)
        told = [json.loads(line) for line in whole.splitlines() if b'"kind":"latency"' in line]
        return [each["first_note_ms"] for each in told if "first_note_ms" in each]


def _receive(bridge: Served, synthesiser: Synthesiser, asked_s: float) -> float:
    """Take what came before the answer to a ping, and play what is due; how long that answer took, in ms."""
    pong = bridge.arrival("/melo/pong")
    synthesiser.take(bridge.passed)
    synthesiser.play(pong.epoch_s)
    return (pong.epoch_s - asked_s) * 1000


def _whole(said: Counter[str], ledgers: Ledgers, watch: Watch) -> Record:
    counts = {name: said[address] for name, address in COUNTED.items()}
    sounded = {"answers": ledgers.answers, "notes": ledgers.ids.struck, "left_sounding": 0}
    return {**counts, **sounded, **watch.grown()}


def _make_presets(preset: str, presets: Path, folder: Path) -> None:
    for name in PRESETS:
        write_changed(preset, presets, folder, changes(name))
        (folder / f"{preset}.yaml").replace(folder / f"{name}.yaml")


def _moments(evening: Evening, said: Counter[str]) -> Iterator[Moment]:
    for each in evening:
        said[each.address] += 1
        yield Moment(each.seconds, _event(each))


def _event(said: Said) -> Received | Rejected:
    try:
        return Received(read(said.address, said.arguments), LOOPBACK, said.seconds)
    except Refused as refused:
        return Rejected(refused)


def _processes(bridge: Served) -> Pids:
    """The bridge's process and its engine's."""
    pid = bridge.process.pid
    try:
        (engine,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return {}
    return {"bridge": str(pid), "engine": engine}

"""Music that goes on is changed by a preset or a knob: a real bridge, real UDP, the shipped weights."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kit import Bridge, Heard, running_bridge, wait_until
from meloformer.presets import DEFAULT, SHIPPED
from playing import assert_all_ended

BPM = 240.0
BAR_BEATS = 4.0
LOOKAHEAD_BEATS = 1.0
PLAYED_BARS = 14
SWAPPED_AT_BAR = 4
PHRASE = ((1, 60), (1, 64), (1, 67), (1, 72), (1, 71), (1, 67), (1, 64), (1, 62))
PRESET = """\
format: 1
name: {name}
weights: {weights}
sampling: {{temperature: {temperature}, seed: {seed}}}
listen: {{end: signal}}
answer: {{bars: 64, lookahead: {lookahead}, commit: 0.5}}
"""


class Struck(NamedTuple):
    beat: float
    channel: int
    pitch: int
    velocity: int


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("swapped")
    shutil.copy(SHIPPED / f"{DEFAULT}.safetensors", folder)
    shutil.copy(SHIPPED / "keys.yaml", folder)
    save(folder, "first", temperature=1.0, seed=1)
    save(folder, "other", temperature=1.2, seed=2)
    return folder


@pytest.fixture(scope="module")
def bridge(folder: Path) -> Iterator[Bridge]:
    with running_bridge("--presets", str(folder), "--preset", "first") as bridge:
        bridge.send("/melo/transport/tempo", BPM)
        yield bridge


def save(folder: Path, name: str, **sampling: Any) -> None:
    weights = f"{DEFAULT}.safetensors"
    text = PRESET.format(name=name, weights=weights, lookahead=LOOKAHEAD_BEATS, **sampling)
    (folder / f"{name}.yaml").write_text(text)


@pytest.fixture(scope="module")
def unswapped(bridge: Bridge) -> list[Struck]:
    """What the first preset plays without end, if it is let."""
    begin(bridge)
    play_until(bridge, PLAYED_BARS)
    return stopped(bridge)


def begin(bridge: Bridge) -> None:
    """A phrase, and music without end after it, by the first preset."""
    bridge.client.heard.clear()
    bridge.send("/melo/preset/load", "first")
    bridge.client.wait_for("/melo/preset/loaded")
    bridge.client.heard.clear()
    bridge.send("/melo/phrase/begin")
    for place, (channel, pitch) in enumerate(PHRASE):
        bridge.send("/melo/phrase/note", place / 2, 0.5, channel, pitch, 90)
    bridge.send("/melo/continue", 0)


def play_until(bridge: Bridge, bar: int) -> None:
    bridge.client.wait_for("/melo/out/bar", bar + 1)


def stopped(bridge: Bridge) -> list[Struck]:
    """The music ends here; every note of it has its end. The notes, in the order in which they were sent."""
    bridge.send("/melo/stop")
    wait_until(lambda: "stopped" in reasons(bridge), "the end")
    bridge.ask("/melo/ping", "/melo/pong")
    assert_all_ended(bridge)
    assert not bridge.client.all("/melo/error")
    return [
        Struck(round(note.arguments[4], 3), *note.arguments[1:4])
        for note in bridge.client.all("/melo/out/note")
    ]


def reasons(bridge: Bridge) -> list[str]:
    return [end.arguments[2] for end in bridge.client.all("/melo/out/end")]


def beat_at(bridge: Bridge, heard: Heard) -> float:
    """The transport's beat when a message came."""
    note = bridge.client.all("/melo/out/note")[0]
    assert note.epoch_s is not None
    began = note.epoch_s - time.time() + time.monotonic()
    return float(note.arguments[4]) + (heard.seconds - began) * BPM / 60


def first_difference(notes: list[Struck], others: list[Struck]) -> float:
    """The beat from which on two performances are not the same."""
    either = set(notes) ^ set(others)
    until = min(notes[-1].beat, others[-1].beat)
    return min(note.beat for note in either if note.beat <= until)


@pytest.mark.parametrize("preset", ["other", "keys"])
def test_music_without_end_is_taken_over_at_a_bar_line_soon_and_stays_whole(
    bridge: Bridge, unswapped: list[Struck], preset: str
) -> None:
    begin(bridge)
    play_until(bridge, SWAPPED_AT_BAR)
    bridge.send("/melo/preset/load", preset)
    loaded = bridge.client.wait_for("/melo/preset/loaded")
    ready_at = beat_at(bridge, loaded)
    play_until(bridge, PLAYED_BARS)
    assert loaded.arguments[0] == preset
    lines = bridge.client.all("/melo/out/bar")
    swapped = stopped(bridge)

    other_from = first_difference(swapped, unswapped)
    assert other_from > ready_at + 0.5, "what had been sent was changed"
    assert other_from < ready_at + LOOKAHEAD_BEATS + 2 * BAR_BEATS, "the swap waited for longer than a bar"

    gaps = [later.beat - note.beat for note, later in pairwise(swapped)]
    usual = max(later.beat - note.beat for note, later in pairwise(unswapped))
    assert max(gaps) <= max(usual, BAR_BEATS)
    apart = [later.epoch_s - line.epoch_s for line, later in pairwise(lines)]
    assert apart == pytest.approx([BAR_BEATS * 60 / BPM] * len(apart), abs=0.2)


def test_music_without_end_takes_up_a_knob_that_is_turned(bridge: Bridge, unswapped: list[Struck]) -> None:
    begin(bridge)
    play_until(bridge, 3)
    bridge.send("/melo/control/temperature", 1.5)
    play_until(bridge, 7)
    bridge.send("/melo/control/temperature", 1.0)
    assert 3 * BAR_BEATS < first_difference(stopped(bridge), unswapped) < 7 * BAR_BEATS


def test_a_long_answer_does_not_hold_a_swap_up(bridge: Bridge) -> None:
    begin(bridge)
    play_until(bridge, 1)
    stopped(bridge)
    bridge.client.heard.clear()
    bridge.send("/melo/continue", 64)
    play_until(bridge, 1)
    bridge.send("/melo/preset/load", "other")
    assert bridge.client.wait_for("/melo/preset/loaded").arguments[0] == "other"
    assert len(bridge.client.all("/melo/out/bar")) < 32
    stopped(bridge)


def test_saving_the_presets_file_changes_music_without_end(
    bridge: Bridge, folder: Path, unswapped: list[Struck]
) -> None:
    begin(bridge)
    play_until(bridge, 2)
    save(folder, "first", temperature=1.3, seed=1)
    assert bridge.client.wait_for("/melo/preset/loaded").arguments[0] == "first"
    play_until(bridge, 7)
    save(folder, "first", temperature=1.0, seed=1)
    assert first_difference(stopped(bridge), unswapped) < 7 * BAR_BEATS

"""Many answers of one preset, each a conversation of its own, as many at a time as there are cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from meloformer.model.recollection import Recollections
from meloformer.model.score import Score, TempoChange
from meloformer.model.weights import resolved
from meloformer.presets.preset import Preset
from meloformer.scripts.continuation import answer, hear
from meloformer.scripts.options import Device
from meloformer.scripts.player import player

if TYPE_CHECKING:
    from meloformer.model.performer import Performer


@dataclass(frozen=True, slots=True)
class Ask:
    """What is heard, how many bars are asked for, where chance begins, and whether the last bar closes."""

    heard: Score
    bars: int
    seed: int
    closes: bool = False  # bars from the middle of a piece, with which answers are compared, do not


def answers(
    preset: Preset, asks: Sequence[Ask], device: Device, progress: Callable[[int], None] = lambda done: None
) -> list[Score]:
    """The preset's answer to each ask, counted from the answer's start; the same on any number of cores."""
    given: list[Score] = []
    for one in _given(preset, asks, device):
        given.append(one)
        progress(len(given))
    return given


def _given(preset: Preset, asks: Sequence[Ask], device: Device) -> Iterator[Score]:
    workers = min(len(asks), os.cpu_count() or 1)
    if resolved(device) != "cpu" or workers < 2:
        performer = player(preset, preset.sampling, device)
        yield from (answered(performer, ask) for ask in asks)
        return
    processes = multiprocessing.get_context("spawn")
    with processes.Pool(workers, initializer=_begin, initargs=(preset,)) as pool:
        yield from pool.imap(_answered_here, asks)


def answered(performer: Performer, ask: Ask) -> Score:
    """The bars that a performer, with everything forgotten, answers to what is heard."""
    performer.seed, performer.recollections = ask.seed, Recollections()
    limits = performer.limits
    performer.limits = replace(limits, rules=replace(limits.rules, closes=ask.closes))
    hear(performer, ask.heard)
    notes = answer(performer, ask.heard, ask.bars)
    tempo = TempoChange(0, ask.heard.tempo_at(ask.heard.ticks))
    return Score((ask.heard.meters[-1],) * ask.bars, (tempo,), tuple(sorted(notes)))


_performer: Performer | None = None  # of this process, where it is a worker


def _begin(preset: Preset) -> None:
    global _performer
    _performer = player(preset, preset.sampling, "cpu")


def _answered_here(ask: Ask) -> Score:
    assert _performer is not None, "a worker begins with its performer"
    return answered(_performer, ask)

"""A phrase that was played freely, told to the engine in every way in which it could be counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from meloformer.bridge.beats import Estimate
from meloformer.bridge.capture import Capture
from meloformer.bridge.hand import Hand
from meloformer.bridge.readings import READINGS, Reading
from meloformer.bridge.session.free_phrase import FreePhrase, Moment
from meloformer.bridge.tempo import Bars
from meloformer.model.events import Event
from meloformer.model.score import Meter

MOST_NOTES: Final = 96  # what was played before the last so many is not told


def tellings(heard: FreePhrase, found: Estimate) -> tuple[tuple[Event, ...], ...]:
    """The events of the phrase by each of READINGS, counted on the estimate's grid."""
    moments = _recent(heard.moments)
    pedals = heard.pedals if len(moments) == len(heard.moments) else frozenset[int]()
    beats = [found.grid.beat_at(moment.at - heard.began) for moment in moments]
    return tuple(_telling(reading, moments, beats, pedals, found.bpm) for reading in READINGS)


def _recent(moments: Sequence[Moment]) -> Sequence[Moment]:
    """From one of the last notes on."""
    struck = [index for index, moment in enumerate(moments) if moment.velocity]
    return moments[struck[-MOST_NOTES:][0] :]


def _telling(
    reading: Reading, moments: Sequence[Moment], beats: Sequence[float], pedals: frozenset[int], bpm: float
) -> tuple[Event, ...]:
    bars = Bars.of(Meter(reading.beats, 4))
    heard, events = Capture.opened(beats[0] - reading.shift, bars, bpm, Hand())
    heard = replace(heard, pedals=pedals)
    for moment, beat in zip(moments, beats, strict=True):
        heard, more = moment.told(heard, beat - reading.shift, bpm)
        events += more
    return events

"""Where each token stands in the music: its document, bar segment, bar number, tick and instrument.

Order in the sequence and position in the music are two things: a segment counts bars as they are told, a bar
number says where they lie in the music. They differ once bars are told out of order (FUTURE, PRESENT).

A row is laid out summaries first: S summaries, one for each bar told, then T tokens. Shapes: S, T, N = S + T.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v

NO_INSTRUMENT = v.INSTRUMENTS  # the row of the instrument embedding for tokens that belong to none
PADDING = -1  # the document of what fills a row up
FINE_BARS = (0, 1, 2, 4, 8, 12, 16, 24, 32)  # bars so far apart see each other's tokens (masks.py)
TOLD_BARS = 128  # of bars told longer ago nothing is seen
COLUMNS = ("token", "document", "segment", "bar", "tick", "instrument")

Ints = NDArray[np.int32]


class Place(NamedTuple):
    """Where one token stands."""

    segment: int
    bar: int
    tick: int
    instrument: int


class Placer:
    """Places one stream's tokens, one at a time, from BOS on.

    `gap` is how many bars are missing between the bars before FUTURE and those after it; 0: none is told.
    """

    def __init__(self, gap: int = 0) -> None:
        self._gap = gap
        self._place = Place(0, 0, 0, NO_INSTRUMENT)
        self._opened = False  # BOS, FUTURE and PRESENT stand in the segment of the bar that follows
        self._any_bar = False
        self._past_bar = 0

    def push(self, token: int) -> Place:
        """Where this token stands."""
        segment, bar, tick, instrument = self._place
        if token == v.BAR or token in (v.FUTURE, v.PRESENT):
            segment, bar = self._next_bar(token, segment, bar)
            tick, instrument = 0, NO_INSTRUMENT
        elif token in (v.GIVEN, v.MADE, v.EOS):
            tick, instrument = 0, NO_INSTRUMENT
        elif token in v.POS:
            tick = token - v.POS.start
        elif token in v.INST:
            instrument = token - v.INST.start
        self._opened = token in (v.BOS, v.FUTURE, v.PRESENT)
        self._place = Place(segment, bar, tick, instrument)
        return self._place

    def _next_bar(self, token: int, segment: int, bar: int) -> tuple[int, int]:
        following = bar + 1 if self._any_bar else bar
        if token == v.FUTURE:
            self._past_bar = following
            following += self._gap
        elif token == v.PRESENT:
            following = self._past_bar
        elif self._opened:
            self._any_bar = True
            return segment, bar
        self._any_bar = self._any_bar or token == v.BAR
        return segment + (0 if self._opened else 1), following


def is_related(here: Place, earlier: Place) -> bool:
    """Whether a bar at `here` sees the tokens of the bar at `earlier`, not its summary alone."""
    return abs(here.bar - earlier.bar) in FINE_BARS


def is_out_of_sight(here: Place, earlier: Place) -> bool:
    """Whether no bar from here on sees the tokens of that bar, where bars are told in their order."""
    return here.bar - earlier.bar > FINE_BARS[-1]


def is_remembered(here: Place, earlier: Place) -> bool:
    """Whether anything is seen of a bar told earlier."""
    return here.segment - earlier.segment <= TOLD_BARS


@dataclass(frozen=True, slots=True)
class Row:
    """One packed row: `columns` are COLUMNS, [6, S + T] int32; `targets` [T] int64 is each token's next one.

    A target of PAD is none: the last token of a document, and padding.
    """

    columns: Ints
    targets: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Document:
    """One stream of tokens, with the gap that its FUTURE jumps over."""

    tokens: Sequence[int]
    gap: int = 0


def pack(documents: Sequence[Document], summaries: int, length: int) -> Row:
    """Documents side by side in one row of `summaries` + `length`; raises ValueError when they do not fit."""
    columns = np.zeros((len(COLUMNS), summaries + length), dtype=np.int32)
    columns[1] = PADDING
    columns[0, :summaries] = v.SUMMARY
    columns[5] = NO_INSTRUMENT
    targets = np.full(length, v.PAD, dtype=np.int64)
    bar_at, at = 0, summaries
    for index, document in enumerate(documents):
        tokens, bars = _document(document, index)
        if at + tokens.shape[1] > summaries + length or bar_at + bars.shape[1] > summaries:
            raise ValueError(f"they do not fit a row of {length} tokens and {summaries} bars; pack fewer")
        columns[:, at : at + tokens.shape[1]] = tokens
        columns[:, bar_at : bar_at + bars.shape[1]] = bars
        targets[at - summaries : at - summaries + tokens.shape[1] - 1] = tokens[0, 1:]
        at += tokens.shape[1]
        bar_at += bars.shape[1]
    return Row(columns, targets)


def _document(document: Document, index: int) -> tuple[Ints, Ints]:
    """Columns of a document's tokens, and those of its summaries."""
    placer = Placer(document.gap)
    places = [placer.push(token) for token in document.tokens]
    rows = [(token, index, *place) for token, place in zip(document.tokens, places, strict=True)]
    bars = {place.segment: place.bar for place in places}
    summary = [(v.SUMMARY, index, segment, bar, 0, NO_INSTRUMENT) for segment, bar in bars.items()]
    return np.array(rows, dtype=np.int32).T, np.array(summary, dtype=np.int32).T

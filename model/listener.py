"""A network that reads one stream, token by token or bar by bar, with a compact cache.

What it gives after any token equals the full forward over the same stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from meloformer.model import vocabulary as v
from meloformer.model.cache import Cache
from meloformer.model.layout import NO_INSTRUMENT, Place, Placer
from meloformer.model.masks import Columns
from meloformer.model.network import Network


class Listener:
    """Reads tokens and tells how likely each next one is. `gap`: see layout.Placer."""

    def __init__(self, network: Network, gap: int = 0) -> None:
        self.network = network
        self._device = next(network.parameters()).device
        self._cache = Cache(network.shape, self._device)
        self._placer = Placer(gap)
        self._last: Place | None = None
        self._state_W: Tensor | None = None

    @torch.inference_mode()
    def read(self, tokens: Sequence[int]) -> None:
        """Take tokens into the cache, a stretch of one bar at a time."""
        places = [self._placer.push(token) for token in tokens]
        start = 0
        for stop in range(1, len(tokens) + 1):
            if stop == len(tokens) or places[stop].segment != places[start].segment:
                self._read_stretch(tokens[start:stop], places[start:stop])
                start = stop

    @torch.inference_mode()
    def logits(self) -> NDArray[np.float32]:
        """[V] after the last token read."""
        assert self._state_W is not None, "read at least BOS first"
        values: NDArray[np.float32] = self.network.logits(self._state_W).float().cpu().numpy()
        return values

    def _read_stretch(self, tokens: Sequence[int], places: Sequence[Place]) -> None:
        if self._last is None or places[0].segment != self._last.segment:
            self._begin_bar(places[0])
        self._cache.extend(len(tokens))
        states_BNW = self.network.hidden(self._columns(tokens, places, summaries=0), self._cache.attend)
        self._state_W = states_BNW[0, -1]
        self._last = places[-1]

    def _begin_bar(self, place: Place) -> None:
        """End the bar before, if there is one, with its summary; gather what the new one sees."""
        if self._last is not None:
            summary = Place(self._last.segment, self._last.bar, 0, NO_INSTRUMENT)
            kept: list[Tensor] = []
            columns = self._columns([v.SUMMARY], [summary], summaries=1)
            self.network.hidden(columns, partial(self._cache.attend_summary, kept))
            self._cache.end_bar(summary.segment, summary.bar, torch.stack(kept))
        self._cache.begin_bar(place.segment, place.bar)

    def _columns(self, tokens: Sequence[int], places: Sequence[Place], summaries: int) -> Columns:
        rows = [
            list(tokens),
            [0] * len(tokens),
            [p.segment for p in places],
            [p.bar for p in places],
            [p.tick for p in places],
            [p.instrument for p in places],
        ]
        return Columns.of(torch.tensor([rows], device=self._device), summaries)

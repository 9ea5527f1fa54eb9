"""Reads one stream through plain arrays, with the compact cache of `cache.py`.

Legend: as in `arrays.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meloformer.model.arrays import Arrays, Block, Floats, attended, fed_forward, normed, rotated, rotation
from meloformer.model.layout import NO_INSTRUMENT, Place, is_out_of_sight, is_related, is_remembered
from meloformer.model.shape import HEAD_DIM
from meloformer.model.vocabulary import SUMMARY

ROOM = 512  # positions by which the buffer grows

Attend = Callable[[int, Floats, Floats, Floats], Floats]
"""(layer, q_nHD, k_nKD, v_nKD) -> out_nHD"""


@dataclass(frozen=True, slots=True)
class EndedBar:
    """What an ended bar leaves: [layers, 2, K, n, D] of its tokens, [layers, 2, K, 1, D] of its summary."""

    place: Place
    tokens: Floats
    summary: Floats

    def without_tokens(self) -> EndedBar:
        """Its summary alone, where its tokens are never seen again."""
        return EndedBar(self.place, self.tokens[:, :, :, :0].copy(), self.summary)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a reader held at one moment: its ended bars, and a copy of what the present bar sees."""

    ended: tuple[EndedBar, ...]
    summaries: int
    start: int
    buffer: Floats
    state: Floats | None


class ArrayReader:
    """Layout of the buffer [layers, 2, K, capacity, D]: summaries, related bars, the present bar's tokens.

    `in_order`: no bar is told before an earlier one; tokens that are out of sight then stay out of it.
    """

    def __init__(self, network: Arrays, in_order: bool) -> None:
        self._network = network
        self._in_order = in_order
        shape = network.shape
        self._groups = shape.heads // shape.kv_heads
        self._buffer = np.zeros((shape.layers, 2, shape.kv_heads, ROOM, HEAD_DIM), np.float32)
        self._ended: list[EndedBar] = []
        self._summaries = self._start = self._length = 0
        self._states_nW: Floats | None = None  # after each token of the last stretch

    def begin_bar(self, place: Place) -> None:
        """Gather what a bar at this place can see; the bar before must have been ended."""
        remembered = [ended for ended in self._ended if is_remembered(place, ended.place)]
        self._ended = [self._still_seen(place, ended) for ended in remembered]
        related = [ended.tokens for ended in self._ended if is_related(place, ended.place)]
        seen = [ended.summary for ended in self._ended] + related
        self._summaries = len(self._ended)
        self._start = self._length = sum(part.shape[3] for part in seen)
        self._reserve(self._length)
        if seen:
            np.concatenate(seen, axis=3, out=self._buffer[:, :, :, : self._length])

    def _still_seen(self, place: Place, ended: EndedBar) -> EndedBar:
        if self._in_order and ended.tokens.shape[3] and is_out_of_sight(place, ended.place):
            return ended.without_tokens()
        return ended

    def end_bar(self, place: Place) -> None:
        """Keep the present bar's tokens, and its summary."""
        kept: list[Floats] = []
        at = Place(place.segment, place.bar, 0, NO_INSTRUMENT)
        self._hidden([SUMMARY], [at], summary=True, attend=lambda *of: self._attend_summary(kept, *of))
        tokens = self._buffer[:, :, :, self._start : self._length].copy()
        self._ended.append(EndedBar(at, tokens, np.stack(kept)))
        self._start = self._length = 0

    def read(self, tokens: Sequence[int], places: Sequence[Place]) -> None:
        """Take tokens of the present bar into the cache."""
        self._reserve(self._length + len(tokens))
        self._length += len(tokens)
        self._states_nW = self._hidden(list(tokens), places, summary=False, attend=self._attend)

    def logits(self) -> Floats:
        """[V] after the last token read."""
        assert self._states_nW is not None, "read at least BOS first"
        return self._network.logits(self._states_nW[-1])

    def all_logits(self) -> Floats:
        """[n, V] after each token of the last stretch read."""
        assert self._states_nW is not None, "read at least BOS first"
        return self._network.logits(self._states_nW)

    def bookmark(self) -> Seen:
        """What to go back to later."""
        present = self._buffer[:, :, :, : self._length].copy()
        last = None if self._states_nW is None else self._states_nW[-1:]
        return Seen(tuple(self._ended), self._summaries, self._start, present, last)

    def go_back(self, mark: Seen) -> None:
        """Forget what was read after the bookmark."""
        self._ended, self._summaries, self._start = list(mark.ended), mark.summaries, mark.start
        self._length, self._states_nW = mark.buffer.shape[3], mark.state
        self._reserve(self._length)
        self._buffer[:, :, :, : self._length] = mark.buffer

    def drop(self, count: int) -> None:
        """Forget the last `count` tokens of the present bar; read on before asking for logits."""
        self._length -= count
        self._states_nW = None

    def _reserve(self, length: int) -> None:
        short = length - self._buffer.shape[3]
        if short > 0:
            more = -(-short // ROOM) * ROOM
            self._buffer = np.pad(self._buffer, ((0, 0), (0, 0), (0, 0), (0, more), (0, 0)))

    def _hidden(self, tokens: list[int], places: Sequence[Place], summary: bool, attend: Attend) -> Floats:
        """Normed states [n, W]."""
        x_nW = self._network.embedded(tokens, [place.instrument for place in places])
        turn = rotation([place.bar for place in places], [place.tick for place in places])
        for layer, block in enumerate(self._network.blocks):
            q_nHD, k_nKD, v_nKD = self._projected(block, x_nW, summary, turn)
            out_nHD = attend(layer, q_nHD, k_nKD, v_nKD)
            x_nW = x_nW + out_nHD.reshape(len(tokens), -1) @ block.out
            x_nW = x_nW + fed_forward(block, x_nW)
        return normed(x_nW)

    def _projected(
        self, block: Block, x_nW: Floats, summary: bool, turn: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats, Floats]:
        """Queries, keys (both normed, scaled and turned) and values."""
        shape = self._network.shape
        together = normed(x_nW) @ (block.summary_in if summary else block.attend_in)
        heads_nD = together.reshape(len(x_nW), -1, HEAD_DIM)
        turned = rotated(normed(heads_nD[:, : -shape.kv_heads]) * block.scale, turn)
        return turned[:, : shape.heads], turned[:, shape.heads :], heads_nD[:, -shape.kv_heads :]

    def _attend(self, layer: int, q_nHD: Floats, k_nKD: Floats, v_nKD: Floats) -> Floats:
        """The last tokens see all before them, and each other causally."""
        count, length = len(q_nHD), self._length
        keys, values = self._buffer[layer]
        keys[:, length - count : length] = k_nKD.transpose(1, 0, 2)
        values[:, length - count : length] = v_nKD.transpose(1, 0, 2)
        later = None
        if count > 1:
            later = np.tile(~np.tri(count, length, length - count, dtype=np.bool_), (self._groups, 1))
        return self._by_groups(q_nHD, keys[:, :length], values[:, :length], later)

    def _attend_summary(
        self, kept: list[Floats], layer: int, q_nHD: Floats, k_nKD: Floats, v_nKD: Floats
    ) -> Floats:
        """The summary sees earlier ones, its own bar's tokens and itself; its [2, K, 1, D] go to `kept`."""
        kept.append(np.stack([k_nKD.transpose(1, 0, 2), v_nKD.transpose(1, 0, 2)]))
        buffer = self._buffer[layer]
        earlier, own = buffer[:, :, : self._summaries], buffer[:, :, self._start : self._length]
        keys, values = np.concatenate([earlier, own, kept[layer]], axis=2)
        return self._by_groups(q_nHD, keys, values, None)

    def _by_groups(
        self, q_nHD: Floats, k_KLD: Floats, v_KLD: Floats, hidden: NDArray[np.bool_] | None
    ) -> Floats:
        """Heads that share keys and values attend in one product."""
        count, kv_heads = len(q_nHD), len(k_KLD)
        q_KQD = q_nHD.transpose(1, 0, 2).reshape(kv_heads, self._groups * count, HEAD_DIM)
        out_KQD = attended(q_KQD, k_KLD, v_KLD, hidden)
        return out_KQD.reshape(-1, count, HEAD_DIM).transpose(1, 0, 2)

"""The compact cache: keys and values of what the rules can still see, gathered once per bar.

Legend: L layers, K key/value heads, n positions, D head dimension. One conversation; no rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from meloformer.model.layout import NO_INSTRUMENT, Place, is_out_of_sight, is_related, is_remembered
from meloformer.model.masks import Columns
from meloformer.model.network import Network
from meloformer.model.shape import HEAD_DIM, Shape
from meloformer.model.vocabulary import SUMMARY

ROOM = 512  # positions by which the buffer grows


@dataclass(frozen=True, slots=True)
class EndedBar:
    """What an ended bar leaves behind: [L, 2, K, n, D] of its tokens, and [L, 2, K, 1, D] of its summary."""

    place: Place
    tokens: Tensor
    summary: Tensor

    def without_tokens(self) -> EndedBar:
        """Its summary alone, where its tokens are never seen again."""
        return EndedBar(self.place, self.tokens[:, :, :, :0].clone(), self.summary)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a cache held at one moment: its ended bars, and a copy of what the present bar sees."""

    ended: tuple[EndedBar, ...]
    summaries: int
    start: int
    buffer: Tensor


class Cache:
    """Layout of the buffer [L, 2, K, capacity, D]: summaries, related bars, then the present bar's tokens.

    `in_order`: no bar is told before an earlier one; tokens that are out of sight then stay out of it.
    """

    def __init__(self, shape: Shape, in_order: bool, device: torch.device | str = "cpu") -> None:
        self._in_order = in_order
        self._buffer = torch.zeros(shape.layers, 2, shape.kv_heads, ROOM, HEAD_DIM, device=device)
        self._ended: list[EndedBar] = []
        self._summaries = 0  # how many positions at the front are summaries
        self._start = 0  # where the present bar's tokens begin
        self.length = 0

    def begin_bar(self, place: Place) -> None:
        """Gather what a bar at this place can see; the bar before must have been ended."""
        remembered = [ended for ended in self._ended if is_remembered(place, ended.place)]
        self._ended = [self._still_seen(place, ended) for ended in remembered]
        related = [ended.tokens for ended in self._ended if is_related(place, ended.place)]
        seen = [ended.summary for ended in self._ended] + related
        self._summaries = len(self._ended)
        self._start = self.length = sum(part.shape[3] for part in seen)
        self._reserve(self.length)
        if seen:
            torch.cat(seen, dim=3, out=self._buffer[:, :, :, : self.length])

    def _still_seen(self, place: Place, ended: EndedBar) -> EndedBar:
        if self._in_order and ended.tokens.shape[3] and is_out_of_sight(place, ended.place):
            return ended.without_tokens()
        return ended

    def end_bar(self, place: Place, summary: Tensor) -> None:
        """Keep the present bar's tokens, and its summary [L, 2, K, 1, D]."""
        tokens = self._buffer[:, :, :, self._start : self.length].clone()
        self._ended.append(EndedBar(place, tokens, summary))
        self._start = self.length = 0

    def seen(self) -> Seen:
        """What to go back to later."""
        present = self._buffer[:, :, :, : self.length].clone()
        return Seen(tuple(self._ended), self._summaries, self._start, present)

    def go_back(self, seen: Seen) -> None:
        """Forget what came after that moment."""
        self._ended, self._summaries, self._start = list(seen.ended), seen.summaries, seen.start
        self.length = seen.buffer.shape[3]
        self._reserve(self.length)
        self._buffer[:, :, :, : self.length] = seen.buffer

    def drop(self, count: int) -> None:
        """Forget the last `count` tokens of the present bar."""
        self.length -= count

    def _reserve(self, length: int) -> None:
        while self._buffer.shape[3] < length:
            self._buffer = F.pad(self._buffer, (0, 0, 0, ROOM))

    def extend(self, count: int) -> None:
        """Make room for `count` more tokens of the present bar; `attend` then fills it layer by layer."""
        self._reserve(self.length + count)
        self.length += count

    def attend(self, layer: int, q_BHND: Tensor, k_BKND: Tensor, v_BKND: Tensor) -> Tensor:
        """The tokens that `extend` made room for see all before them, and each other causally."""
        count = q_BHND.shape[2]
        buffer = self._buffer[layer, :, None]
        buffer[0, :, :, self.length - count : self.length] = k_BKND
        buffer[1, :, :, self.length - count : self.length] = v_BKND
        keys, values = buffer[0, :, :, : self.length], buffer[1, :, :, : self.length]
        mask = None if count == 1 else causal(count, self.length, q_BHND.device)
        return F.scaled_dot_product_attention(q_BHND, keys, values, attn_mask=mask, enable_gqa=True)

    def attend_summary(
        self, kept: list[Tensor], layer: int, q_BHND: Tensor, k_BKND: Tensor, v_BKND: Tensor
    ) -> Tensor:
        """The summary sees earlier ones, its own bar's tokens and itself; its [2, K, 1, D] go to `kept`."""
        kept.append(torch.stack([k_BKND[0], v_BKND[0]]))
        buffer = self._buffer[layer]
        earlier, own = buffer[:, :, : self._summaries], buffer[:, :, self._start : self.length]
        seen = torch.cat([earlier, own, kept[layer]], dim=2)
        return F.scaled_dot_product_attention(q_BHND, seen[:1], seen[1:], enable_gqa=True)


def causal(count: int, length: int, device: torch.device) -> Tensor:
    """[count, length] booleans: the last `count` of `length` positions see everything up to themselves."""
    return torch.ones(count, length, dtype=torch.bool, device=device).tril(length - count)


class TorchReader:
    """Reads one stream through a network in torch, on whatever device it lies."""

    def __init__(self, network: Network, in_order: bool) -> None:
        self._network = network
        self._device = next(network.parameters()).device
        self._cache = Cache(network.shape, in_order, self._device)
        self._states_nW: Tensor | None = None  # after each token of the last stretch

    @torch.inference_mode()
    def begin_bar(self, place: Place) -> None:
        self._cache.begin_bar(place)

    @torch.inference_mode()
    def end_bar(self, place: Place) -> None:
        at = Place(place.segment, place.bar, 0, NO_INSTRUMENT)
        kept: list[Tensor] = []
        self._network.hidden(self._columns([SUMMARY], [at], 1), partial(self._cache.attend_summary, kept))
        self._cache.end_bar(at, torch.stack(kept))

    @torch.inference_mode()
    def read(self, tokens: Sequence[int], places: Sequence[Place]) -> None:
        self._cache.extend(len(tokens))
        states_BNW = self._network.hidden(self._columns(tokens, places, 0), self._cache.attend)
        self._states_nW = states_BNW[0]

    def bookmark(self) -> tuple[Seen, Tensor | None]:
        last = None if self._states_nW is None else self._states_nW[-1:]
        return self._cache.seen(), last

    @torch.inference_mode()
    def go_back(self, mark: tuple[Seen, Tensor | None]) -> None:
        seen, self._states_nW = mark
        self._cache.go_back(seen)

    def drop(self, count: int) -> None:
        self._cache.drop(count)
        self._states_nW = None

    @torch.inference_mode()
    def logits(self) -> NDArray[np.float32]:
        assert self._states_nW is not None, "read at least BOS first"
        return self._of(self._states_nW[-1])

    @torch.inference_mode()
    def all_logits(self) -> NDArray[np.float32]:
        assert self._states_nW is not None, "read at least BOS first"
        return self._of(self._states_nW)

    def _of(self, states_W: Tensor) -> NDArray[np.float32]:
        values: NDArray[np.float32] = self._network.logits(states_W).float().cpu().numpy()
        return values

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

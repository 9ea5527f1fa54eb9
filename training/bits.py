"""How surprised a model is by music it has not seen: bits per note."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from meloformer.model.attention import dense_attend
from meloformer.model.masks import Columns
from meloformer.model.network import Attend, Network
from meloformer.model.vocabulary import BAR, ON, PAD, D


@dataclass(frozen=True, slots=True)
class Bits:
    """A sum of surprise in bits, over so many tokens that tell so many notes and bars."""

    bits: float
    tokens: int
    notes: int
    bars: int = 0

    @property
    def per_note(self) -> float:
        return self.bits / max(self.notes, 1)

    @property
    def per_token(self) -> float:
        return self.bits / max(self.tokens, 1)

    @property
    def per_bar(self) -> float:
        return self.bits / max(self.bars, 1)

    def __add__(self, other: Bits) -> Bits:
        bits, tokens, notes = self.bits + other.bits, self.tokens + other.tokens, self.notes + other.notes
        return Bits(bits, tokens, notes, self.bars + other.bars)


NONE = Bits(0.0, 0, 0)


def counted(bits: float, targets: Tensor) -> Bits:
    """So many bits over these targets; PAD does not count."""
    tokens, notes, bars = (targets != PAD).sum(), is_onset(targets).sum(), (targets == BAR).sum()
    return Bits(bits, int(tokens), int(notes), int(bars))


def is_onset(targets: Tensor) -> Tensor:
    """Which targets are notes: ON or D."""
    on = (targets >= ON.start) & (targets < ON.stop)
    return on | ((targets >= D.start) & (targets < D.stop))


@torch.no_grad()
def bits_of(
    network: Network,
    rows: Iterable[tuple[Tensor, Tensor]],
    attend: Callable[[Columns], Attend] = dense_attend,
) -> Bits:
    """Bits over packed rows (columns [B, 6, S + T], targets [B, T]); all that the stream says is counted."""
    total = NONE
    device = next(network.parameters()).device
    for columns_BCN, targets_BT in rows:
        columns = Columns.of(columns_BCN.to(device), columns_BCN.shape[2] - targets_BT.shape[1])
        targets = targets_BT.to(device)
        logits = network(columns, attend(columns)).float()
        nats = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=PAD, reduction="sum")
        total += counted(nats.item() / math.log(2), targets)
    return total

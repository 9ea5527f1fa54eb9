"""The transformer, in reading order: rotation, attention, block, network.

Legend: B rows, N positions (S summaries first, then T tokens), W width, H query heads, K key/value heads,
D head dimension, V vocabulary. Names wear their shape.

Sources: RMSNorm (Zhang and Sennrich 2019), SwiGLU (Shazeer 2020), grouped queries (Ainslie et al. 2023),
rotary positions (Su et al. 2021), query/key normalisation (Henry et al. 2020), fine and coarse bars
(Museformer, Yu et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from meloformer.model import vocabulary as v
from meloformer.model.layout import NO_INSTRUMENT
from meloformer.model.masks import Columns
from meloformer.model.shape import BAR_BASE, HEAD_DIM, TICK_BASE, Shape

Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""(layer, q_BHND, k_BKND, v_BKND) -> out_BHND; position and mask are the caller's business."""


def rotation(bar_BN: Tensor, tick_BN: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines [B, 1, N, D/2] of the musical rotary position: bars turn the first half of the pairs,
    ticks inside the bar the second."""
    pairs = HEAD_DIM // 4
    exponent = torch.arange(pairs, device=bar_BN.device, dtype=torch.float32) / pairs
    bars = bar_BN[..., None].float() * BAR_BASE**-exponent
    ticks = tick_BN[..., None].float() * TICK_BASE**-exponent
    angle = torch.cat([bars, ticks], dim=-1)[:, None]
    return angle.cos(), angle.sin()


def rotate(x_BHND: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair (i, i + D/2) of the head by its angle: an orthogonal matrix at every position."""
    cos, sin = (t.to(x_BHND.dtype) for t in turn)
    a, b = x_BHND.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


def normed(x: Tensor) -> Tensor:
    """RMSNorm with no gain: the matrices that follow carry the scale."""
    return F.rms_norm(x, (x.shape[-1],))


class Attention(nn.Module):
    """Grouped-query attention; summaries have a key/value projection of their own, all else is shared."""

    def __init__(self, shape: Shape, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.heads, self.kv_heads = shape.heads, shape.kv_heads
        self.query = nn.Linear(shape.width, shape.heads * HEAD_DIM, bias=False)
        self.key_value = nn.Linear(shape.width, 2 * shape.kv_heads * HEAD_DIM, bias=False)
        self.summary_key_value = nn.Linear(shape.width, 2 * shape.kv_heads * HEAD_DIM, bias=False)
        self.sharpness = nn.Parameter(torch.full((shape.heads, 1, 1), 1.0))
        self.out = nn.Linear(shape.heads * HEAD_DIM, shape.width, bias=False)

    def forward(self, x_BNW: Tensor, turn: tuple[Tensor, Tensor], summaries: int, attend: Attend) -> Tensor:
        rows, length, _ = x_BNW.shape
        q_BHND = self.query(x_BNW).view(rows, length, self.heads, HEAD_DIM).transpose(1, 2)
        kv_BN = self._key_value(x_BNW, summaries).view(rows, length, 2 * self.kv_heads, HEAD_DIM)
        k_BKND, v_BKND = kv_BN.transpose(1, 2).chunk(2, dim=1)
        q_BHND = rotate(normed(q_BHND) * self.sharpness.to(q_BHND.dtype), turn)
        k_BKND = rotate(normed(k_BKND), turn)
        out_BHND = attend(self.layer, q_BHND, k_BKND, v_BKND)
        out_BNW: Tensor = self.out(out_BHND.transpose(1, 2).reshape(rows, length, -1))
        return out_BNW

    def _key_value(self, x_BNW: Tensor, summaries: int) -> Tensor:
        """The first `summaries` positions through their own projection, the rest through the tokens'."""
        parts = []
        if summaries > 0:
            parts.append(self.summary_key_value(x_BNW[:, :summaries]))
        if summaries < x_BNW.shape[1]:
            parts.append(self.key_value(x_BNW[:, summaries:]))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_up = nn.Linear(shape.width, 2 * shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x_BNW: Tensor) -> Tensor:
        gate, up = self.gate_up(x_BNW).chunk(2, dim=-1)
        out_BNW: Tensor = self.down(F.silu(gate) * up)
        return out_BNW


class Block(nn.Module):
    def __init__(self, shape: Shape, layer: int) -> None:
        super().__init__()
        self.attention = Attention(shape, layer)
        self.feed_forward = FeedForward(shape)

    def forward(self, x_BNW: Tensor, turn: tuple[Tensor, Tensor], summaries: int, attend: Attend) -> Tensor:
        x_BNW = x_BNW + self.attention(normed(x_BNW), turn, summaries, attend)
        out_BNW: Tensor = x_BNW + self.feed_forward(normed(x_BNW))
        return out_BNW


class Network(nn.Module):
    """Tokens and where they stand in; logits of each next token out."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token = nn.Embedding(v.SIZE, shape.width)
        self.instrument = nn.Embedding(NO_INSTRUMENT + 1, shape.width)
        self.blocks = nn.ModuleList(Block(shape, layer) for layer in range(shape.layers))
        self._initialise()

    def _initialise(self) -> None:
        """Small embeddings, fan-in scaled matrices, zero output projections: a block starts as nothing."""
        nn.init.normal_(self.token.weight, std=0.02)
        nn.init.normal_(self.instrument.weight, std=0.02)
        for name, parameter in self.blocks.named_parameters():
            if name.endswith(("out.weight", "down.weight")):
                nn.init.zeros_(parameter)
            elif parameter.ndim == 2:
                nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)

    def embedded(self, columns: Columns) -> Tensor:
        """[B, N, W]: what is said, and by whom."""
        return normed(self.token(columns.token) + self.instrument(columns.instrument))

    def turn(self, columns: Columns) -> tuple[Tensor, Tensor]:
        """Where in the music it is said, as a rotation."""
        return rotation(columns.bar, columns.tick)

    def hidden(self, columns: Columns, attend: Attend) -> Tensor:
        """Normed states [B, N, W] of a whole row, or of any stretch whose `attend` knows the rest."""
        x_BNW, turn = self.embedded(columns), self.turn(columns)
        for block in self.blocks:
            x_BNW = block(x_BNW, turn, columns.summaries, attend)
        return normed(x_BNW)

    def logits(self, x_BNW: Tensor) -> Tensor:
        """[B, N, V] of states; the table of tokens is used both ways."""
        return F.linear(x_BNW, self.token.weight)

    def forward(self, columns: Columns, attend: Attend) -> Tensor:
        """Logits [B, T, V] at the tokens of packed rows."""
        return self.logits(self.hidden(columns, attend)[:, columns.summaries :])

    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

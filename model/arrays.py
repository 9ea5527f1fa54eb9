"""The network in plain arrays: what a CPU plays with, token by token, and without torch.

A token through torch is 200 small calls, each of which costs more than its arithmetic. Here the same token
takes a quarter of the time, and an engine that plays so starts without importing torch. `network.py` is the
slow twin: what comes out is the same within rounding.

Legend: n tokens, W width, H query heads, K key/value heads, Q = H / K * n, D head dimension, L keys, V
vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meloformer.model.shape import BAR_BASE, HEAD_DIM, TICK_BASE, Shape

Floats = NDArray[np.float32]
EPSILON = np.float32(np.finfo(np.float32).eps)  # as in torch's rms_norm

_PAIRS = HEAD_DIM // 4
_EXPONENT = np.arange(_PAIRS, dtype=np.float32) / np.float32(_PAIRS)
_BAR_SPEEDS = np.float32(BAR_BASE) ** -_EXPONENT
_TICK_SPEEDS = np.float32(TICK_BASE) ** -_EXPONENT


@dataclass(frozen=True, slots=True)
class Block:
    """One block's matrices, transposed: a row times contiguous rows takes half the time of the other way.

    `attend_in` and `summary_in` give queries, keys and values in one product, of a token and of a summary.
    `scale` [H + K, 1] goes with normed queries and keys: a query's sharpness over the root of D; 1 for a key.
    """

    attend_in: Floats
    summary_in: Floats
    scale: Floats
    out: Floats
    gate_up: Floats
    down: Floats


class Arrays:
    """The weights of a network, as float32 arrays ready to multiply."""

    def __init__(self, shape: Shape, tensors: Mapping[str, Floats]) -> None:
        self.shape = shape
        self.token = tensors["token.weight"]
        self._out = np.ascontiguousarray(self.token.T)
        self.instrument = tensors["instrument.weight"]
        self.blocks = tuple(_block(shape, tensors, f"blocks.{layer}") for layer in range(shape.layers))

    def embedded(self, tokens: list[int], instruments: list[int]) -> Floats:
        """[n, W]"""
        return normed(self.token[tokens] + self.instrument[instruments])

    def logits(self, states_W: Floats) -> Floats:
        """[..., V] of states [..., W]."""
        found: Floats = states_W @ self._out
        return found


def _block(shape: Shape, tensors: Mapping[str, Floats], name: str) -> Block:
    def matrix(part: str) -> Floats:
        return np.ascontiguousarray(tensors[f"{name}.{part}.weight"].T)

    query = matrix("attention.query")
    sharpness = tensors[f"{name}.attention.sharpness"].reshape(-1, 1) * np.float32(HEAD_DIM**-0.5)
    return Block(
        attend_in=np.hstack([query, matrix("attention.key_value")]),
        summary_in=np.hstack([query, matrix("attention.summary_key_value")]),
        scale=np.vstack([sharpness, np.ones((shape.kv_heads, 1), np.float32)]),
        out=matrix("attention.out"),
        gate_up=matrix("feed_forward.gate_up"),
        down=matrix("feed_forward.down"),
    )


def normed(x: Floats) -> Floats:
    """RMSNorm over the last axis, with no gain."""
    mean = np.add.reduce(x * x, axis=-1, keepdims=True) / np.float32(x.shape[-1])
    found: Floats = np.divide(x, np.sqrt(mean + EPSILON))
    return found


def rotation(bars: list[int], ticks: list[int]) -> tuple[Floats, Floats]:
    """Cosines and sines [n, 1, D/2] of the musical rotary position."""
    by_bar = np.array(bars, np.float32)[:, None] * _BAR_SPEEDS
    by_tick = np.array(ticks, np.float32)[:, None] * _TICK_SPEEDS
    angle = np.concatenate([by_bar, by_tick], axis=1)[:, None]
    return np.cos(angle), np.sin(angle)


def rotated(x_nHD: Floats, turn: tuple[Floats, Floats]) -> Floats:
    """Each pair (i, i + D/2) turned by its angle."""
    cos, sin = turn
    half = HEAD_DIM // 2
    a, b = x_nHD[..., :half], x_nHD[..., half:]
    out = np.empty_like(x_nHD)
    out[..., :half] = a * cos - b * sin
    out[..., half:] = a * sin + b * cos
    return out


def attended(q_KQD: Floats, k_KLD: Floats, v_KLD: Floats, hidden: NDArray[np.bool_] | None) -> Floats:
    """[K, Q, D]: scaled queries over keys and values, but for those where `hidden` [Q, L] is true."""
    scores_KQL = q_KQD @ k_KLD.transpose(0, 2, 1)
    if hidden is not None:
        scores_KQL[:, hidden] = -np.inf
    scores_KQL -= scores_KQL.max(axis=-1, keepdims=True)
    np.exp(scores_KQL, out=scores_KQL)
    total = np.add.reduce(scores_KQL, axis=-1, keepdims=True)
    found: Floats = np.divide(scores_KQL @ v_KLD, total)
    return found


def fed_forward(block: Block, x_nW: Floats) -> Floats:
    """SwiGLU."""
    gate_up = normed(x_nW) @ block.gate_up
    middle = gate_up.shape[1] // 2
    gate, up = gate_up[:, :middle], gate_up[:, middle:]
    with np.errstate(over="ignore"):  # exp of a very negative gate: the unit is shut
        opened: Floats = np.divide(gate * up, 1 + np.exp(-gate))
    return opened @ block.down

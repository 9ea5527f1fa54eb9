"""What decides a network's size, and the constants of its rotation; shared by torch and plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

from meloformer.model.layout import NO_INSTRUMENT
from meloformer.model.vocabulary import SIZE

HEAD_DIM = 64
BAR_BASE = 500.0  # the slowest bar rotation turns once in about 3,000 bars, the fastest once in 6
TICK_BASE = 5_000.0


@dataclass(frozen=True, slots=True)
class Shape:
    """The one dial for size: `width` in units, of which every head has 64; `kv_heads` divide the heads."""

    width: int
    layers: int
    kv_heads: int

    def __post_init__(self) -> None:
        if min(self.width, self.layers, self.kv_heads) < 1:
            raise ValueError(f"width, layers and kv_heads are 1 or more, not {self}")
        if self.width % HEAD_DIM or self.heads % self.kv_heads:
            raise ValueError(
                f"width ({self.width}) must be heads of {HEAD_DIM}, shared by kv_heads ({self.kv_heads})"
            )

    @property
    def heads(self) -> int:
        return self.width // HEAD_DIM

    @property
    def hidden(self) -> int:
        """Units of the feed-forward layer: 8/3 of the width, in whole 64s."""
        return -(-8 * self.width // 3 // 64) * 64


SIZES = {
    "small": Shape(width=256, layers=6, kv_heads=2),
    "base": Shape(width=512, layers=12, kv_heads=4),
    "large": Shape(width=768, layers=16, kv_heads=4),
    "xlarge": Shape(width=1024, layers=24, kv_heads=4),
}


def tensor_shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """The tensors that a network of this shape is made of, by name."""
    width, hidden = shape.width, shape.hidden
    queries, keys_values = shape.heads * HEAD_DIM, 2 * shape.kv_heads * HEAD_DIM
    block: dict[str, tuple[int, ...]] = {
        "attention.query.weight": (queries, width),
        "attention.key_value.weight": (keys_values, width),
        "attention.summary_key_value.weight": (keys_values, width),
        "attention.sharpness": (shape.heads, 1, 1),
        "attention.out.weight": (width, queries),
        "feed_forward.gate_up.weight": (2 * hidden, width),
        "feed_forward.down.weight": (width, hidden),
    }
    return {
        "token.weight": (SIZE, width),
        "instrument.weight": (NO_INSTRUMENT + 1, width),
        **{f"blocks.{i}.{name}": of for i in range(shape.layers) for name, of in block.items()},
    }

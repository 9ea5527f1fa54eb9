"""In which numbers a device multiplies matrices fastest; sums, weights and optimizers stay in float32."""

from __future__ import annotations

from typing import Final

import torch

# Without AVX-512 torch multiplies bf16 by a plain loop: 1.3 GFLOP/s on one AVX2 core, 55 in float32. With it,
# and bf16 in hardware, one core did 207 against 77.
_ON_CPU: Final = (
    torch.bfloat16 if torch.backends.cpu.get_cpu_capability().startswith("AVX512") else torch.float32
)


def fastest(device_type: str) -> torch.dtype:
    """bf16 on a GPU (`cuda`) and on a CPU with AVX-512, float32 on any other CPU."""
    return _ON_CPU if device_type == "cpu" else torch.bfloat16

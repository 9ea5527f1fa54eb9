"""One thread for torch: on busy cores two wait for each other more than they gain."""

from __future__ import annotations

import torch

torch.set_num_threads(1)

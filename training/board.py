"""The journal's numbers as curves: TensorBoard, where `pip install meloformer[tensorboard]` was said.

Whoever installed it wants it: there is no other switch. Nothing is counted here; what is drawn is what the
journal says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CURVES: Mapping[str, Mapping[str, tuple[str, float]]] = {
    "train": {
        "loss_nats": ("train/bits_per_token", 1 / math.log(2)),
        "tokens_per_s": ("train/tokens_per_s", 1.0),
        "rate": ("train/learning_rate", 1.0),
        "waiting_share": ("train/waiting_share", 1.0),
    },
    "held_out": {"bits_per_note": ("held_out/bits_per_note", 1.0)},
}
"""For each event of the journal: its fields, the curves that they are drawn as, and by what to multiply."""

_writers: dict[Path, Any] = {}


def draw(folder: Path, entry: Mapping[str, Any]) -> None:
    """Draw an entry of the journal in this folder. A run that goes on wipes out what lay ahead of it."""
    if entry["event"] == "start":
        _begin(folder, int(entry["step"]))
    if (writer := _writers.get(folder)) is None:
        return
    for field, (curve, factor) in CURVES.get(entry["event"], {}).items():
        writer.add_scalar(curve, entry[field] * factor, entry["step"])
    writer.flush()


def _begin(folder: Path, step: int) -> None:
    if (before := _writers.pop(folder, None)) is not None:
        before.close()
    if (writer := writer_class()) is not None:
        _writers[folder] = writer(str(folder), purge_step=step + 1)


def writer_class() -> Any:
    """SummaryWriter, or None where the extra is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter

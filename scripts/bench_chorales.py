"""What the JSB chorales cost a preset's model: the joint negative log-likelihood that papers tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meloformer.presets.reader import find, read
from meloformer.scripts.progress import moving


def measure(preset: str, presets: Path, file: Path, limit: int | None) -> Iterator[dict[str, Any]]:
    """One record for each split of the file, over up to so many of its chorales."""
    from meloformer.model.telling import encode
    from meloformer.model.weights import load
    from meloformer.training import chorales
    from meloformer.training.joint import NOTHING, joint

    splits = chorales.read(file)
    network = load(read(find(preset, presets)).weights)
    for split, all_of_it in splits.items():
        chosen, total = all_of_it[:limit], NOTHING
        with moving(split, len(chosen)) as show:
            for done, chorale in enumerate(chosen, 1):
                total += joint(network, encode(chorale.score))
                show(done, f"{done} of {len(chosen)} chorales")
        counts = {
            "notes": sum(chorale.notes for chorale in chosen),
            "frames": sum(chorale.frames for chorale in chosen),
            "sixteenths": sum(chorale.sixteenths for chorale in chosen),
        }
        yield {
            "measure": "chorales",
            "split": split,
            "chorales": len(chosen),
            **counts,
            "tokens": total.tokens,
            "masked": _shared(total.masked, counts),
            "unmasked": _shared(total.unmasked, counts),
        }


def _shared(nats: float, counts: dict[str, int]) -> dict[str, float]:
    """Nats, and how many of them fall on each struck note, sounding frame and sixteenth of all voices."""
    per = {f"per_{name.removesuffix('s')}": round(nats / max(1, count), 4) for name, count in counts.items()}
    return {"nats": round(nats, 2), **per}

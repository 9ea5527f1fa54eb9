"""What the memory of a sitting costs in microseconds a token, and gains in bits per note."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meloformer.presets.reader import find, read
from meloformer.scripts.progress import moving


def measure(preset: str, presets: Path, data: Path, pieces: int, tokens: int) -> Iterator[dict[str, Any]]:
    """One record, over up to so many held-out pieces of each collection and so many tokens of each piece."""
    from meloformer.model.weights import load
    from meloformer.training.errors import StoreError
    from meloformer.training.heldout import excerpts
    from meloformer.training.loader import Rows
    from meloformer.training.remembering import told, worth
    from meloformer.training.store import open_store

    rows = Rows.of(tokens)
    network = load(read(find(preset, presets)).weights)
    chosen = excerpts(open_store(data), rows, pieces)
    if len(chosen) < 2:
        raise StoreError(f"{data}: fewer than two pieces are held out; add others")
    with moving("remembering", len(chosen)) as show:
        documents = []
        for one in chosen:
            documents.append(told(network, one.tokens, rows))
            show(len(documents), f"{len(documents)} of {len(chosen)} pieces")
    yield {"measure": "memory", "pieces": len(chosen), **worth(documents)}

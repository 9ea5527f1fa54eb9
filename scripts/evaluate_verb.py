"""`meloformer evaluate PRESET DATA`: how surprised a preset is by music that it has not learnt from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from meloformer.presets import SHIPPED
from meloformer.presets.reader import find
from meloformer.presets.reader import read as read_preset
from meloformer.scripts.options import DeviceOption, PresetsOption
from meloformer.scripts.prepare_verb import tell_refused
from meloformer.scripts.progress import moving

if TYPE_CHECKING:
    from datasets import Dataset

    from meloformer.training.baselines import Baseline
    from meloformer.training.bits import Bits
    from meloformer.training.evaluation import Evaluation


def evaluate(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="the preset whose weights are measured")],
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", exists=True, file_okay=False, help="a data set or a folder of MIDI files"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the numbers here too")
    ] = None,
    baselines: Annotated[
        bool, typer.Option(help="train and measure a 5-gram and a copy of the last bar too")
    ] = True,
    pieces: Annotated[int, typer.Option(min=1, help="how many held-out pieces of each collection")] = 10,
    seq_len: Annotated[
        int, typer.Option("--seq-len", min=64, max=65536, help="most tokens of a piece")
    ] = 512,
    presets: PresetsOption = SHIPPED,
    device: DeviceOption = "auto",
) -> None:
    """Bits per note (and per token) on the held-out pieces of DATA, collection by collection: less is better.

    Held out are the pieces that no training on DATA learns from. Nobody is helped by the grammar's mask.
    """
    from meloformer.model.weights import load, resolved
    from meloformer.training.errors import StoreError
    from meloformer.training.evaluation import evaluate as measured
    from meloformer.training.evaluation import of_baseline, of_network
    from meloformer.training.heldout import excerpts
    from meloformer.training.loader import Rows

    rows = Rows.of(seq_len)
    network = load(read_preset(find(preset, presets)).weights, resolved(device))
    with _store(data) as store:
        chosen = excerpts(store, rows, pieces)
        if not chosen:
            raise StoreError(f"{data}: one piece alone cannot be held out; add another")
        measures = {preset: of_network(network, rows)}
        for name, baseline in (_baselines(store) if baselines else {}).items():
            measures[name] = of_baseline(baseline)
        result = measured(chosen, measures)
    Console().print(_table(result, len(chosen)))
    if out:
        out.write_text(json.dumps(result.as_json(), indent=2) + "\n", encoding="utf-8")


@contextmanager
def _store(data: Path) -> Iterator[Dataset]:
    """The data set, or one made of the MIDI files there for as long as it takes."""
    from meloformer.training.ingest import midi_files, prepare
    from meloformer.training.store import is_store, open_store

    if is_store(data):
        yield open_store(data)
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        with moving("reading", len(midi_files(data))) as show:
            refusals = prepare(data, Path(folder, "data"), progress=lambda done: show(done, f"{done} files"))
        tell_refused(refusals)
        yield open_store(Path(folder, "data"))


def _baselines(store: Dataset) -> dict[str, Baseline]:
    from meloformer.training.baselines import fit_baselines

    with moving("counting", len(store)) as show:
        return fit_baselines(store, lambda done: show(done, f"{done} pieces for the baselines"))


def _table(result: Evaluation, pieces: int) -> Table:
    title = f"Bits per note (per token), {pieces} held-out pieces"
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False, collapse_padding=True)
    table.add_column("collection", no_wrap=True)
    for who in result.bits:
        table.add_column(who, justify="right")
    for name in result.collections:
        _add(table, name or "(folder)", [of_one[name] for of_one in result.bits.values()])
    table.add_section()
    _add(table, "overall", [result.overall(who) for who in result.bits])
    return table


def _add(table: Table, name: str, bits: list[Bits]) -> None:
    table.add_row(name, *(f"{one.per_note:.2f} ({one.per_token:.2f})" for one in bits))

"""`meloformer evaluate PRESET DATA`: what a preset is worth on music that it has not learnt from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from meloformer.presets import SHIPPED
from meloformer.presets.preset import Preset
from meloformer.presets.reader import find
from meloformer.presets.reader import read as read_preset
from meloformer.scripts.options import Device, DeviceOption, PiecesOption, PresetsOption, SeqLenOption
from meloformer.scripts.picture import can_draw
from meloformer.scripts.prepare_verb import tell_refused
from meloformer.scripts.progress import moving
from meloformer.scripts.tables import Grid, on_terminal

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
            metavar="DATA", exists=True, help="a data set, or a folder or an archive of MIDI files"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="write the numbers here too")
    ] = None,
    baselines: Annotated[
        bool, typer.Option(help="train and measure a 5-gram and a copy of the last bar too")
    ] = True,
    pieces: PiecesOption = 10,
    seq_len: SeqLenOption = 512,
    prompts: Annotated[
        int,
        typer.Option(min=0, max=1000, help="how many of the fixed prompts are answered; 0 only counts bits"),
    ] = 24,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="be thorough (random prompts, 64 bars), and write a page with .mid files and pictures here",
        ),
    ] = None,
    presets: PresetsOption = SHIPPED,
    device: DeviceOption = "auto",
) -> None:
    """Bits per note (and per bar) on the held-out pieces of DATA, collection by collection: less is better.

    Then PRESET answers held-out prompts of the families of its own instruments with three seeds, and its
    answers are measured beside what really followed, a copy of the last bars, and another piece.

    Held out are the pieces that no training on DATA learns from. Nobody is helped by the grammar's mask.
    """
    from meloformer.scripts.audition import audition
    from meloformer.scripts.report import write_report

    if report and not can_draw():
        raise typer.BadParameter("--report needs matplotlib: pip install 'meloformer[pictures]'")
    settings = read_preset(find(preset, presets))
    with _store(data) as store:
        bits, grid = _bits(preset, settings, store, data, Measuring(baselines, pieces, seq_len, device))
        heard = audition(settings, store, prompts, report is not None, device) if prompts else None
    grids = [grid, *(heard.grids() if heard else ())]
    for one in grids:
        Console().print(on_terminal(one))
    if prompts and heard is None:
        print(f"no answers: no held-out piece in the families of {preset}'s instruments is long enough")
    if out:
        numbers = {"bits": bits.as_json(), "music": heard.as_json() if heard else {}}
        out.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if report:
        print(write_report(report, grids, heard))


@dataclass(frozen=True, slots=True)
class Measuring:
    """How bits are measured."""

    baselines: bool
    pieces: int
    seq_len: int
    device: Device


def _bits(
    preset: str, settings: Preset, store: Dataset, data: Path, how: Measuring
) -> tuple[Evaluation, Grid]:
    """Everyone's bits on the same excerpts, and their table. Raises StoreError where nothing is held out."""
    from meloformer.model.weights import load, resolved
    from meloformer.training.errors import StoreError
    from meloformer.training.evaluation import evaluate as measured
    from meloformer.training.evaluation import of_baseline, of_network
    from meloformer.training.heldout import excerpts
    from meloformer.training.loader import Rows

    rows = Rows.of(how.seq_len)
    network = load(settings.weights, resolved(how.device))
    chosen = excerpts(store, rows, how.pieces)
    if not chosen:
        raise StoreError(f"{data}: one piece alone cannot be held out; add another")
    measures = {preset: of_network(network, rows)}
    for name, baseline in (_baselines(store) if how.baselines else {}).items():
        measures[name] = of_baseline(baseline)
    result = measured(chosen, measures)
    return result, _grid(result, len(chosen))


@contextmanager
def _store(data: Path) -> Iterator[Dataset]:
    """The data set, or one made of the MIDI files there for as long as it takes."""
    from meloformer.training.ingest import music_files, prepare
    from meloformer.training.store import is_store, open_store

    if is_store(data):
        yield open_store(data)
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        with moving("reading", len(music_files(data))) as show:
            refusals = prepare(data, Path(folder, "data"), progress=lambda done: show(done, f"{done} files"))
        tell_refused(refusals)
        yield open_store(Path(folder, "data"))


def _baselines(store: Dataset) -> dict[str, Baseline]:
    from meloformer.training.baselines import fit_baselines

    with moving("counting", len(store)) as show:
        return fit_baselines(store, lambda done: show(done, f"{done} pieces for the baselines"))


def _grid(result: Evaluation, pieces: int) -> Grid:
    rows = [
        _row(name or "(folder)", [of_one[name] for of_one in result.bits.values()])
        for name in result.collections
    ]
    rows.append(_row("overall", [result.overall(who) for who in result.bits]))
    title = f"Bits per note (per bar), {pieces} held-out pieces"
    return Grid(title, ["collection", *result.bits], rows, total=True)


def _row(name: str, bits: list[Bits]) -> list[str]:
    return [name, *(f"{one.per_note:.2f} ({one.per_bar:.1f})" for one in bits)]

"""`meloformer train DATA_OR_FOLDER --name NAME`: music in, a preset of that name out."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from meloformer.presets import SHIPPED
from meloformer.presets.shape import NAME_PATTERN
from meloformer.scripts.options import PresetsOption
from meloformer.scripts.prepare_verb import tell_refused
from meloformer.scripts.progress import moving

if TYPE_CHECKING:
    from datasets import Dataset

    from meloformer.scripts.progress import Show
    from meloformer.training.bits import Bits
    from meloformer.training.job import Job, Length
    from meloformer.training.run import Progress, Tell

Size = Literal["small", "base", "large", "xlarge"]
USUAL_MINUTES = 20.0
SHOWN_STEPS = 20  # the latest steps, whose mean is shown


def _name(text: str) -> str:
    if not re.search(NAME_PATTERN, text):
        raise typer.BadParameter(f"{text!r} is no name; a name is made of a-z, 0-9, - and _")
    return text


def train(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA_OR_FOLDER",
            exists=True,
            file_okay=False,
            help="a data set or a folder of MIDI files",
        ),
    ],
    name: Annotated[str, typer.Option(metavar="NAME", callback=_name, help="the preset that it becomes")],
    size: Annotated[
        Size | None, typer.Option(help="of a new model; small where nothing is said", show_default=False)
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="PRESET",
            help="begin with this preset's weights, at a fifth of the learning rates",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.01, help="how long, from now; 20 where nothing is said", show_default=False),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="how long, in steps from now")] = None,
    seq_len: Annotated[
        int | None,
        typer.Option(
            "--seq-len",
            min=64,
            max=65536,
            help="tokens in a row; 512 where nothing is said",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with the run of this name, as it was begun")
    ] = False,
    cooldown_of: Annotated[
        Path | None,
        typer.Option(
            "--cooldown-of",
            metavar="RUN",
            exists=True,
            file_okay=False,
            help="only the cooldown of another run, which stays as it is; RUN is its folder",
        ),
    ] = None,
    runs: Annotated[
        Path, typer.Option(metavar="DIR", help="where checkpoints and logs lie, a folder a run")
    ] = Path("runs"),
    terms: Annotated[
        str, typer.Option(help="the licence of the music, told in the weights file")
    ] = "not told",
    presets: PresetsOption = SHIPPED,
) -> None:
    """Train a model on music, and write it as the preset NAME.

    The learning rate rises at first, stays, and falls over the last fifth of the time or of the steps.
    A run that was stopped goes on with --resume, for as many minutes or steps more.
    """
    beginnings = {"--size": size, "--from": from_, "--resume": resume, "--cooldown-of": cooldown_of}
    _refuse_contradictions(beginnings, seq_len, minutes, steps)
    from meloformer.training.job import Job, Length, check, work

    length = Length(minutes=None if steps else minutes or USUAL_MINUTES, steps=steps)
    job = Job(name, presets, runs, length, size or "small", seq_len or 512, from_, resume, cooldown_of, terms)
    check(job)
    store = _music(data, job)
    with moving(f"training {name}", length.total) as show:
        preset = work(job, store, _teller(length, show))
    print(f"{preset}: trained for {_result(job)}")


def _refuse_contradictions(
    beginnings: Mapping[str, object], seq_len: int | None, minutes: float | None, steps: int | None
) -> None:
    chosen = [option for option, value in beginnings.items() if value]
    if len(chosen) > 1:
        raise typer.BadParameter(f"{' and '.join(chosen)} are different beginnings; choose one")
    if seq_len is not None and chosen in (["--resume"], ["--cooldown-of"]):
        raise typer.BadParameter(
            f"{chosen[0]} keeps the rows that the run was begun with; leave --seq-len out"
        )
    if minutes is not None and steps is not None:
        raise typer.BadParameter("--minutes and --steps are two lengths; choose one")


def _result(job: Job) -> str:
    from meloformer.training.checkpoint import step_of
    from meloformer.training.journal import last_bits_per_note

    bits = last_bits_per_note(job.run)
    measured = "nothing was held out" if bits is None else f"{bits:.2f} bits per note on held-out pieces"
    return f"{step_of(job.run)} steps; {measured}"


def _music(data: Path, job: Job) -> Dataset:
    from meloformer.training.ingest import midi_files
    from meloformer.training.job import music
    from meloformer.training.store import is_store

    with moving("reading", 1 if is_store(data) else len(midi_files(data))) as show:
        store, refusals = music(data, job, lambda done: show(done, f"{done} files"))
    tell_refused(refusals)
    return store


def _teller(length: Length, show: Show) -> Tell:
    """Moves the bar with each step, and says how surprised the model is of late."""
    began = time.monotonic()
    bits: list[Bits] = []

    def tell(progress: Progress) -> None:
        bits.append(progress.bits)
        seconds = time.monotonic() - began
        late = bits[-SHOWN_STEPS:]
        per_note = sum(one.bits for one in late) / max(1, sum(one.notes for one in late))
        speed = sum(one.tokens for one in bits) / seconds
        said = f"step {progress.step}: {per_note:.2f} bits per note, {speed:,.0f} tokens/s"
        show(len(bits) if length.steps else seconds, said)

    return tell

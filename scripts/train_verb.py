"""`meloformer train DATA_OR_FOLDER --name NAME`: music in, a preset of that name out."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meloformer.presets import SHIPPED
from meloformer.presets.shape import NAME_PATTERN
from meloformer.scripts.options import PresetsOption, Size
from meloformer.scripts.prepare_verb import tell_refused
from meloformer.scripts.progress import moving

if TYPE_CHECKING:
    from datasets import Dataset

    from meloformer.scripts.progress import Show
    from meloformer.training.bits import Bits
    from meloformer.training.job import Job
    from meloformer.training.personal import Result
    from meloformer.training.run import Progress, Tell

USUAL_MINUTES = 20.0
SHOWN_STEPS = 20  # the latest steps, whose mean is shown
FIRST_STEPS = 4  # after these it is said how long the whole will take


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
            help="a data set, or a folder or an archive of MIDI files",
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
    lora: Annotated[
        bool, typer.Option("--lora", help="train small adapters beside the preset's matrices, not these")
    ] = False,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            exists=True,
            file_okay=False,
            help="a data set that a quarter of what is read comes from, so that the preset forgets less",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.01, help="how long at most, from now; 20 at a beginning", show_default=False),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="how long at most, in steps from now")] = None,
    seq_len: Annotated[
        int | None,
        typer.Option(
            "--seq-len",
            min=64,
            max=65536,
            help="tokens in a row; 512 where nothing is said, in a cooldown as many as the run has",
            show_default=False,
        ),
    ] = None,
    accumulate: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4096,
            help="batches that make one step: the gradient of all of them in the memory of one",
            show_default=False,
        ),
    ] = None,
    shard: Annotated[
        bool,
        typer.Option(
            "--shard", help="with torchrun: each process keeps a share of the model, not a copy (FSDP2)"
        ),
    ] = False,
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
    A run that was stopped, with Ctrl-C or otherwise, goes on with --resume: to the end that it was begun
    for, or for as many minutes or steps more. From a preset it ends by itself when the held-out bars of
    the music gain no more, and the best weights become the preset. Started by torchrun, its processes train
    one model together.
    """
    beginnings = {"--size": size, "--from": from_, "--resume": resume, "--cooldown-of": cooldown_of}
    _refuse_contradictions(beginnings, minutes, steps)
    _refuse_what_is_kept({"--accumulate": accumulate}, resume or cooldown_of is not None)
    _refuse_what_is_kept({"--seq-len": seq_len}, resume)
    _refuse_what_needs_a_preset({"--lora": lora, "--replay": replay}, from_, resume)
    from meloformer.training import world
    from meloformer.training.job import Job, Length, check, work

    length = Length(minutes if minutes or steps or resume else USUAL_MINUTES, steps)
    beginning = (size or "small", seq_len, from_, resume, cooldown_of)
    job = Job(name, presets, runs, length, *beginning, terms, lora, replay, accumulate or 1, shard)
    with world.joined():
        check(job)
        store = _music(data, job)
        with moving(f"training {name}", 1.0, world.is_first()) as show:
            result = work(job, store, _teller(show) if world.is_first() else _silent)
    for line in _report(job, result) if result else ():
        print(line)


def _refuse_contradictions(
    beginnings: Mapping[str, object], minutes: float | None, steps: int | None
) -> None:
    chosen = [option for option, value in beginnings.items() if value]
    if len(chosen) > 1 and chosen != ["--from", "--resume"]:
        raise typer.BadParameter(f"{' and '.join(chosen)} are different beginnings; choose one")
    if minutes is not None and steps is not None:
        raise typer.BadParameter("--minutes and --steps are two lengths; choose one")


def _refuse_what_is_kept(options: Mapping[str, object], goes_on: bool) -> None:
    for option, value in options.items():
        if value is not None and goes_on:
            raise typer.BadParameter(f"a run goes on with the {option} that it was begun with; leave it out")


def _refuse_what_needs_a_preset(options: Mapping[str, object], from_: str | None, resume: bool) -> None:
    for option, value in options.items():
        if value and not (from_ or resume):
            raise typer.BadParameter(f"{option} needs weights to begin with; add --from PRESET")


def _report(job: Job, result: Result) -> Iterator[str]:
    """What became of it, in words."""
    from meloformer.training.journal import last_bits_per_note

    yield f"{job.preset}: trained for {result.steps} steps; {_measured(last_bits_per_note(job.run))}"
    if result.moved:
        moved = f"{result.moved.before:.2f} bits per note before, {result.moved.after:.2f} after"
        yield f"held-out bars: {moved}, at step {result.step}, the best"
    if result.copied:
        answer, music = result.copied.answer, result.copied.music
        yield f"notes in a row from the training files: {answer} in an answer, {music} in the real next bars"


def _measured(bits: float | None) -> str:
    return "nothing was held out" if bits is None else f"{bits:.2f} bits per note on held-out pieces"


def _music(data: Path, job: Job) -> Dataset:
    from meloformer.training import world
    from meloformer.training.ingest import music_files
    from meloformer.training.job import music
    from meloformer.training.store import is_store

    with moving("reading", 1 if is_store(data) else len(music_files(data)), world.is_first()) as show:
        store, refusals = music(data, job, lambda done: show(done, f"{done} files"))
    tell_refused(refusals)
    return store


def _teller(show: Show) -> Tell:
    """Moves the bar with each step, says how surprised the model is of late, and soon how long it takes."""
    bits: list[Bits] = []
    began: list[tuple[float, float]] = []  # seconds, and the share of the run done

    def tell(progress: Progress) -> None:
        bits.append(progress.bits)
        began.append((time.monotonic(), progress.done))
        late, times = bits[-SHOWN_STEPS:], began[-SHOWN_STEPS:]
        speed = sum(one.tokens for one in late[1:]) / max(1e-9, times[-1][0] - times[0][0])
        if len(bits) == FIRST_STEPS:
            print(_expected(began, speed), flush=True)
        per_note = sum(one.bits for one in late) / max(1, sum(one.notes for one in late))
        said = f"step {progress.step}: {per_note:.2f} bits per note, {speed:,.0f} tokens/s"
        show(progress.done, said)

    return tell


def _silent(_: Progress) -> None:
    """What a process tells that is not the first."""


def _expected(times: Sequence[tuple[float, float]], speed: float) -> str:
    """How long the whole run takes, from its first steps; the very first one, which warms up, is left out."""
    (before, done_before), (after, done_after) = times[0], times[-1]
    minutes = (after - before) / max(1e-9, done_after - done_before) / 60
    return f"about {minutes:.{0 if minutes >= 10 else 1}f} minutes on this machine, at {speed:,.0f} tokens/s"

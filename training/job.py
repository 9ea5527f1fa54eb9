"""What `meloformer train` does: music and a name in, a preset of that name out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from datasets import Dataset

from meloformer.model.network import Network
from meloformer.model.shape import SIZES
from meloformer.model.weights import load
from meloformer.presets.reader import find
from meloformer.presets.reader import read as read_preset
from meloformer.training import checkpoint, journal, world
from meloformer.training.errors import RunError, StoppedError
from meloformer.training.heldout import parted
from meloformer.training.ingest import prepare
from meloformer.training.journal import plan_of, recipe_of
from meloformer.training.personal import Result, result_of
from meloformer.training.plan import BySteps, ByTime, Plan
from meloformer.training.publish import LIKE, facts_of, publish
from meloformer.training.recipe import USUAL_TOKENS, Recipe, adapted, gentler, recipe_for, replayed
from meloformer.training.run import Tell, cool_down, train
from meloformer.training.sources import Refusal
from meloformer.training.stopping import Asked, listening
from meloformer.training.store import is_store, open_store


@dataclass(frozen=True, slots=True)
class Length:
    """How long to train: for some minutes from now, for some steps more, or, with neither, as was begun."""

    minutes: float | None = None
    steps: int | None = None

    def short_enough(self, recipe: Recipe) -> Recipe:
        """The recipe with a warm-up that leaves a short run most of its steps."""
        return replace(recipe, warmup=min(recipe.warmup, (self.steps or recipe.steps) // 5))

    def plan(self, first: int, only_cooldown: bool = False) -> Plan | None:
        """The plan of a run that goes on from step `first`; None for the one that it was begun with."""
        if self.steps is not None:
            return BySteps.cooling(first, self.steps) if only_cooldown else BySteps.of(first, self.steps)
        if self.minutes is not None:
            return ByTime.cooling(self.minutes) if only_cooldown else ByTime.of(self.minutes)
        return None


@dataclass(frozen=True, slots=True)
class Job:
    """One `meloformer train`: the preset's name, where it goes, where its run lies, and how the run begins.

    It begins with new weights of a `size`, with those of the preset `start`, with the run's own checkpoint
    (`resume`), or as the cooldown of another run (`cooldown_of`).
    """

    name: str
    presets: Path
    runs: Path
    length: Length
    size: str = "small"
    tokens: int | None = None  # in a row; None: as the run has them, or the usual number
    start: str | None = None
    resume: bool = False
    cooldown_of: Path | None = None
    terms: str = "not told"
    lora: bool = False
    replay: Path | None = None
    accumulate: int = 1
    shard: bool = False

    @property
    def run(self) -> Path:
        return self.runs / self.name

    @property
    def preset(self) -> Path:
        return self.presets / f"{self.name}.yaml"


def check(job: Job) -> None:
    """Raises RunError where the job would overwrite a run or a preset that it does not go on with.

    The first process looks; when it says yes, no other has anything left to ask.
    """
    if job.shard and world.size() == 1:
        raise RunError("--shard shares a model between processes; start them with torchrun, or leave it out")
    world.once(lambda: _make_way(job))


def _make_way(job: Job) -> None:
    if not job.resume and (job.run / checkpoint.NAME).exists():
        raise RunError(f"{job.run} holds a run already; --resume goes on with it, or choose another name")
    goes_on = job.resume or job.start == job.name or job.cooldown_of is not None
    if not goes_on and job.preset.with_suffix(".safetensors").exists():
        raise RunError(
            f"{job.preset} is there already; choose another name, or --from {job.name} to replace it"
        )
    if not job.resume:  # a run that never came to its first checkpoint says nothing of this one
        for left in (journal.NAME, checkpoint.BEST):
            (job.run / left).unlink(missing_ok=True)


def music(data: Path, job: Job, progress: Callable[[int], None]) -> tuple[Dataset, list[Refusal]]:
    """The data set at `data`, or one made of its MIDI files and kept with the run; and the refused ones.

    Only the first process reads MIDI files.
    """
    if is_store(data):
        return parted(open_store(data)), []
    kept = job.run / "data"
    refusals = world.once(lambda: _prepared(data, kept, job.resume, progress))
    return parted(open_store(kept)), refusals or []


def _prepared(data: Path, kept: Path, goes_on: bool, progress: Callable[[int], None]) -> list[Refusal]:
    if is_store(kept):
        if goes_on:
            return []
        shutil.rmtree(kept)  # perhaps of other music: left by a run that never came to its first checkpoint
    kept.parent.mkdir(parents=True, exist_ok=True)
    return prepare(data, kept, progress=progress)


def first_step(job: Job) -> int:
    """How many steps lie behind the run when this job begins."""
    behind = job.cooldown_of or (job.run if job.resume else None)
    return checkpoint.step_of(behind) if behind else 0


def work(job: Job, store: Dataset, tell: Tell) -> Result | None:
    """Train and publish; gives how it went, and nothing where another process publishes.

    Raises StoppedError where somebody asked it to stop: the checkpoint is there, and nothing is published.
    """
    with listening() as stop:
        file = _trained(job, store, tell, stop)
        (going,) = world.least(not stop())
    if not world.is_first():
        return None
    if not going:
        step = checkpoint.step_of(job.run)
        raise StoppedError(f"{job.name} stopped after step {step}; with --resume it goes on from there")
    result = result_of(job.run, file, store)
    publish(file, job.preset, {**facts_of(job.run, store, job.terms), **result.facts()}, _like(job))
    return result


def _trained(job: Job, store: Dataset, tell: Tell, stop: Asked) -> Path:
    """The checkpoint to publish."""
    plan = job.length.plan(first_step(job), only_cooldown=job.cooldown_of is not None)
    if job.cooldown_of:
        assert plan is not None, "a cooldown has a length"
        return cool_down(job.cooldown_of, job.run, store, plan, tell, stop, job.shard, job.tokens)
    start = _weights_of(job) if job.start else None
    recipe = job.length.short_enough(_recipe(job, start))
    base = open_store(job.replay) if job.replay else None
    if recipe.replay and base is None:
        raise RunError(f"{job.run} replays base data; say which with --replay DATA")
    return train(store, job.run, recipe, plan or plan_of(job.run), start, tell, stop, base, job.shard)


def _recipe(job: Job, start: Network | None) -> Recipe:
    if job.resume:
        return recipe_of(job.run)
    if start is None:
        return _begun(job, job.size)
    sizes = [name for name, shape in SIZES.items() if shape == start.shape]
    if not sizes:
        raise RunError(f"{job.start} is of {start.shape}, which is none of {', '.join(SIZES)}; use --size")
    recipe = gentler(_begun(job, sizes[0]))
    recipe = adapted(recipe) if job.lora else recipe
    return replayed(recipe) if job.replay else recipe


def _begun(job: Job, size: str) -> Recipe:
    """The recipe of a new run: at least a row for every process."""
    recipe = recipe_for(size, job.tokens or USUAL_TOKENS)
    return replace(recipe, batch=max(recipe.batch, world.size()), accumulate=job.accumulate)


def _weights_of(job: Job) -> Network:
    assert job.start is not None
    return load(read_preset(find(job.start, job.presets)).weights)


def _like(job: Job) -> Path:
    return find(job.start, job.presets) if job.start else LIKE

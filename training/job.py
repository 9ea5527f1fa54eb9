"""What `meloformer train` does: music and a name in, a preset of that name out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from datasets import Dataset

from meloformer.model.network import Network
from meloformer.model.shape import SIZES
from meloformer.model.weights import load
from meloformer.presets.reader import find
from meloformer.presets.reader import read as read_preset
from meloformer.training import checkpoint
from meloformer.training.errors import RunError
from meloformer.training.ingest import prepare
from meloformer.training.journal import recipe_of
from meloformer.training.plan import BySteps, ByTime, Plan
from meloformer.training.publish import LIKE, facts_of, publish
from meloformer.training.recipe import Recipe, gentler, recipe_for
from meloformer.training.run import Tell, cool_down, train
from meloformer.training.sources import Refusal
from meloformer.training.store import is_store, open_store


@dataclass(frozen=True, slots=True)
class Length:
    """How long to train: for some minutes from now, or for some steps more."""

    minutes: float | None = None
    steps: int | None = None

    @property
    def total(self) -> float:
        """In steps, or in seconds."""
        return self.steps or 60 * (self.minutes or 0)

    def short_enough(self, recipe: Recipe) -> Recipe:
        """The recipe with a warm-up that leaves a short run most of its steps."""
        return replace(recipe, warmup=min(recipe.warmup, (self.steps or recipe.steps) // 5))

    def plan(self, first: int, only_cooldown: bool = False) -> Plan:
        """The plan of a run that goes on from step `first`."""
        if self.steps is not None:
            return BySteps.cooling(first, self.steps) if only_cooldown else BySteps.of(first, self.steps)
        assert self.minutes is not None, "a length is minutes or steps"
        return ByTime.cooling(self.minutes) if only_cooldown else ByTime.of(self.minutes)


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
    tokens: int = 512
    start: str | None = None
    resume: bool = False
    cooldown_of: Path | None = None
    terms: str = "not told"

    @property
    def run(self) -> Path:
        return self.runs / self.name

    @property
    def preset(self) -> Path:
        return self.presets / f"{self.name}.yaml"


def check(job: Job) -> None:
    """Raises RunError where the job would overwrite a run or a preset that it does not go on with."""
    if not job.resume and (job.run / checkpoint.NAME).exists():
        raise RunError(f"{job.run} holds a run already; --resume goes on with it, or choose another name")
    goes_on = job.resume or job.start == job.name or job.cooldown_of is not None
    if not goes_on and job.preset.with_suffix(".safetensors").exists():
        raise RunError(
            f"{job.preset} is there already; choose another name, or --from {job.name} to replace it"
        )


def music(data: Path, job: Job, progress: Callable[[int], None]) -> tuple[Dataset, list[Refusal]]:
    """The data set at `data`, or one made of its MIDI files and kept with the run; and the refused ones."""
    if is_store(data):
        return open_store(data), []
    kept, refusals = job.run / "data", list[Refusal]()
    if not is_store(kept):
        job.run.mkdir(parents=True, exist_ok=True)
        refusals = prepare(data, kept, progress=progress)
    return open_store(kept), refusals


def first_step(job: Job) -> int:
    """How many steps lie behind the run when this job begins."""
    behind = job.cooldown_of or (job.run if job.resume else None)
    return checkpoint.step_of(behind) if behind else 0


def work(job: Job, store: Dataset, tell: Tell) -> Path:
    """Train and publish; gives the preset's path."""
    first = first_step(job)
    plan = job.length.plan(first, only_cooldown=job.cooldown_of is not None)
    if job.cooldown_of:
        file = cool_down(job.cooldown_of, job.run, store, plan, tell)
    else:
        start = _weights_of(job) if job.start else None
        recipe = job.length.short_enough(_recipe(job, start))
        file = train(store, job.run, recipe, plan, start, tell)
    publish(file, job.preset, facts_of(job.run, store, job.terms), _like(job))
    return job.preset


def _recipe(job: Job, start: Network | None) -> Recipe:
    if job.resume:
        return recipe_of(job.run)
    if start is None:
        return recipe_for(job.size, job.tokens)
    sizes = [name for name, shape in SIZES.items() if shape == start.shape]
    if not sizes:
        raise RunError(f"{job.start} is of {start.shape}, which is none of {', '.join(SIZES)}; use --size")
    return gentler(recipe_for(sizes[0], job.tokens))


def _weights_of(job: Job) -> Network:
    assert job.start is not None
    return load(read_preset(find(job.start, job.presets)).weights)


def _like(job: Job) -> Path:
    return find(job.start, job.presets) if job.start else LIKE

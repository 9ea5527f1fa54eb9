"""The training loop, as a recipe: what happens next is the next line."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from datasets import Dataset
from torch import nn

from meloformer.model.masks import Columns
from meloformer.model.network import Network
from meloformer.model.shape import SIZES
from meloformer.training import checkpoint, frugal, world
from meloformer.training.bits import NONE, Bits, bits_of, counted
from meloformer.training.checkpoint import State, begin, follow, full_rates
from meloformer.training.errors import RunError
from meloformer.training.feed import Music
from meloformer.training.heldout import held_out_rows
from meloformer.training.journal import log, measured, recipe_of
from meloformer.training.loader import Rows
from meloformer.training.loss import LossFunction, Part, compiled, compiled_graphs, loss_of
from meloformer.training.plan import BySteps, Plan, rate
from meloformer.training.recipe import Recipe, in_rows_of
from meloformer.training.sharing import is_sharded, learnt_together, own_rows
from meloformer.training.stopping import Asked

SETTLED = 2  # steps after which nothing is compiled any more


@dataclass(frozen=True, slots=True)
class Progress:
    """A run after one more step: what the step's own music cost, how much of the cooldown is left, and how
    much of the plan is done."""

    step: int
    bits: Bits
    left: float
    done: float


Tell = Callable[[Progress], None]


@dataclass(slots=True)
class Since:
    """What happened since the last line of the log."""

    bits: list[Bits] = field(default_factory=list)
    waited_s: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def loss_nats(self) -> float:
        """The mean over steps of nats per token."""
        return sum(one.per_token for one in self.bits) / len(self.bits) * math.log(2)

    def tokens_per_s(self, recipe: Recipe) -> float:
        return len(self.bits) * recipe.tokens_in_a_step / (time.monotonic() - self.began)

    def waiting_share(self) -> float:
        """How much of the time the next music was waited for."""
        return self.waited_s / (time.monotonic() - self.began)

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """What is done meanwhile is no training."""
        began = time.monotonic()
        yield
        self.began += time.monotonic() - began


def train(
    store: Dataset,
    folder: Path,
    recipe: Recipe,
    plan: Plan | None = None,
    start: Network | None = None,
    tell: Tell = lambda progress: None,
    stop: Asked = lambda: False,
    base: Dataset | None = None,
    shard: bool = False,
) -> Path:
    """Train until the plan ends (without one, as the recipe says); gives the checkpoint's path.

    Goes on from the folder's checkpoint where there is one, else from `start`, else from nothing. `tell`
    hears of every step, `stop` is asked before each, and `base` is what is replayed. With patience the run
    may end earlier, and the checkpoint is the best one. All processes of the world train as one; with
    `shard` each keeps a share of the weights alone. Raises RunError when the loss is no number any more, or
    a checkpoint does not fit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder, recipe, start, shard)
    plan = plan or BySteps(recipe.steps, recipe.cooldown)
    for progress in steps(Music(store, base), folder, recipe, plan, state, stop):
        tell(progress)
    best = folder / checkpoint.BEST
    return best if recipe.patience and best.exists() else folder / checkpoint.NAME


def _state(folder: Path, recipe: Recipe, start: Network | None, shard: bool) -> State:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(recipe.seed)
    network = Network(SIZES[recipe.size]).to(device)
    if frugal.is_needed(network.shape, recipe.tokens):
        frugal.spare(network)
    if start is not None:
        network.load_state_dict(start.state_dict())
    state = begin(network, recipe, shard)
    checkpoint.restore(folder, state)
    return state


def steps(
    music: Music, folder: Path, recipe: Recipe, plan: Plan, state: State, stop: Asked
) -> Iterator[Progress]:
    """One step after another; log and checkpoint stand in the folder, at the end too."""
    device = next(state.network.parameters()).device
    worth_it = plan.is_long(state.step) and not is_sharded(state.network)  # its hooks would cut every graph
    loss_function = compiled(loss_of) if worth_it else loss_of
    loss_function = learnt_together(state.network, loss_function, recipe.accumulate)
    held_out = held_out_rows(music.own, Rows(recipe.tokens, recipe.bars))
    parameters = state.average.parameter_count()
    facts = {"parameters": parameters, "device": device.type, "plan": repr(plan), "processes": world.size()}
    log(folder, event="start", step=state.step, **facts, **asdict(recipe))
    if recipe.patience and state.step == 0:
        log_held_out(folder, state, recipe, held_out)
    began, first, since, graphs = time.monotonic(), state.step, Since(), 0
    for parts, waited_s in music.steps(recipe, state.step):
        since.waited_s += waited_s
        seconds = time.monotonic() - began
        stale = world.is_first() and is_stale(folder, state, recipe)
        left, going = world.least(0.0 if stale else plan.left(state.step, seconds), not stop())
        if left <= 0 or not going:
            break
        parts = [(columns.to(device), targets.to(device)) for columns, targets in parts]
        speed = rate(state.step, recipe.warmup, left)
        with advised(recipe):
            bits = update(state, parts, recipe, speed, loss_function)
        graphs = compiled_graphs() if state.step - first <= SETTLED else graphs
        assert compiled_graphs() == graphs, f"step {state.step} was compiled again: its shapes have changed"
        since.bits.append(bits)
        if state.step % recipe.save_every == 0:
            log_training(folder, state, recipe, since, seconds, speed)
            checkpoint.save(folder, state)
            since = Since()
        if state.step % recipe.evaluate_every == 0:
            with since.uncounted():
                log_held_out(folder, state, recipe, held_out)
        yield Progress(state.step, bits, left, plan.share(first, state.step, time.monotonic() - began))
    if since.bits:
        log_training(folder, state, recipe, since, time.monotonic() - began, speed)
    checkpoint.save(folder, state)
    if state.step % recipe.evaluate_every and going:
        log_held_out(folder, state, recipe, held_out)


@contextmanager
def advised(recipe: Recipe) -> Iterator[None]:
    """Where memory ends, say which setting to lower."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise RunError(
            f"the memory is full with {recipe.batch} rows of {recipe.tokens} tokens ({recipe.size}); "
            f"begin again with a lower --seq-len than {recipe.tokens}, or a smaller --size"
        ) from error


def is_stale(folder: Path, state: State, recipe: Recipe) -> bool:
    """Whether the last `patience` measurements brought nothing better than one before."""
    bits = list(measured(folder, state.step).values()) if recipe.patience else []
    return len(bits) > recipe.patience and min(bits) < min(bits[-recipe.patience :])


def update(
    state: State, parts: Sequence[Part], recipe: Recipe, speed: float, loss_function: LossFunction
) -> Bits:
    """One step at a share of the full rates; gives what its music cost before it.

    `parts` are those of all processes; each learns from its own rows of them.
    """
    all_told = sum((counted(0.0, targets) for _, targets in parts), NONE)
    nats = 0.0
    for part in parts:
        (columns_BCN, targets_BT), counting = own_rows(part)
        loss = loss_function(state.network, Columns.of(columns_BCN, recipe.bars), targets_BT)
        share = loss * (counting / all_told.tokens)
        nats += world.total(share.item())
        if not math.isfinite(nats):
            raise RunError(
                f"the loss is {nats} at step {state.step}; go on from the last checkpoint at lower rates"
            )
        (share * world.size()).backward()  # type: ignore[no-untyped-call]  # gradients are means of all
    nn.utils.clip_grad_norm_(state.network.parameters(), recipe.clip)
    for one, full in zip(state.optimizers, full_rates(recipe), strict=True):
        one.param_groups[0]["lr"] = full * speed
        one.step()
        one.zero_grad(set_to_none=True)
    follow(state, recipe.average)
    state.step += 1
    state.seen += all_told.tokens
    return Bits(nats * all_told.tokens / math.log(2), all_told.tokens, all_told.notes)


def log_training(
    folder: Path, state: State, recipe: Recipe, since: Since, seconds: float, speed: float
) -> None:
    """`seconds` are those since the run was last started, `speed` the share of the full rates."""
    told = {
        "loss_nats": round(since.loss_nats(), 4),
        "tokens_per_s": round(since.tokens_per_s(recipe)),
        "waiting_share": round(since.waiting_share(), 4),
        "rate": full_rates(recipe)[0] * speed,
        "seen": state.seen,
        "seconds": round(seconds, 1),
    }
    log(folder, event="train", step=state.step, **told)


def log_held_out(folder: Path, state: State, recipe: Recipe, held_out: list[Part]) -> None:
    """Bits per note of the running average; nothing where nothing is held out. The best is kept first."""
    if not held_out:
        return
    bits = round(world.first_says(bits_of(state.average, held_out).per_note), 4)
    before = measured(folder, state.step)
    if recipe.patience and world.first_says(bits < min(before.values(), default=math.inf)):
        checkpoint.save(folder, state, checkpoint.BEST)
    log(folder, event="held_out", step=state.step, seen=state.seen, bits_per_note=bits)


def cool_down(
    run: Path,
    into: Path,
    store: Dataset,
    plan: Plan,
    tell: Tell = lambda progress: None,
    stop: Asked = lambda: False,
    shard: bool = False,
    tokens: int | None = None,
) -> Path:
    """Only the cooldown of a run, from a copy of its checkpoint in a new folder; gives the new checkpoint.

    The plan is all cooldown, from `checkpoint.step_of(run)` on. The run itself stays as it is, and may go on.
    `tokens`: rows of another length, longer ones to learn what comes back after many bars.
    Raises RunError where there is no run, or `into` holds one.
    """
    recipe = replace(recipe_of(run), warmup=0)
    recipe = recipe if tokens is None else in_rows_of(recipe, tokens)
    world.once(lambda: _copy(run, into))
    return train(store, into, recipe, plan, tell=tell, stop=stop, shard=shard)


def _copy(run: Path, into: Path) -> None:
    if (into / checkpoint.NAME).exists():
        raise RunError(f"{into} holds a run already; remove it, or choose another folder for the cooldown")
    into.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / checkpoint.NAME, into / checkpoint.NAME)

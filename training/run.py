"""The training loop, as a recipe: what happens next is the next line."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from datasets import Dataset
from torch import Tensor, nn
from torch._dynamo.utils import counters

from meloformer.model.attention import dense_attend, flex_attend, matmul_attend
from meloformer.model.masks import Columns
from meloformer.model.network import Attend, Network
from meloformer.model.shape import SIZES
from meloformer.model.vocabulary import PAD
from meloformer.training import checkpoint, frugal
from meloformer.training.bits import NONE, Bits, bits_of, is_onset
from meloformer.training.checkpoint import State, begin, follow, full_rates
from meloformer.training.errors import RunError
from meloformer.training.heldout import held_out_rows
from meloformer.training.journal import log, measured, recipe_of
from meloformer.training.loader import Rows, Windows, batches
from meloformer.training.plan import BySteps, Plan, rate
from meloformer.training.recipe import Recipe
from meloformer.training.stopping import Asked
from meloformer.training.windows import Chances

SETTLED = 2  # steps after which nothing is compiled any more
SHORT_ROW = 2_304  # positions: a longer row keeps too many scores
LossFunction = Callable[[nn.Module, Columns, Tensor], Tensor]
Part = tuple[Tensor, Tensor]
"""Columns [B, 6, S + T] and targets [B, T]."""


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
    began: float = field(default_factory=time.monotonic)

    def loss_nats(self) -> float:
        """The mean over steps of nats per token."""
        return sum(one.per_token for one in self.bits) / len(self.bits) * math.log(2)

    def tokens_per_s(self, recipe: Recipe) -> float:
        return len(self.bits) * recipe.tokens_in_a_step / (time.monotonic() - self.began)


def loss_of(network: nn.Module, columns: Columns, targets_BT: Tensor) -> Tensor:
    """Mean cross-entropy in nats over every target that is one."""
    return loss_with(attention_for(columns)(columns), network, columns, targets_BT)


def loss_with(attend: Attend, network: nn.Module, columns: Columns, targets_BT: Tensor) -> Tensor:
    """The same under any attention."""
    with torch.autocast(columns.token.device.type, torch.bfloat16):
        logits_BTV = network(columns, attend)
    return F.cross_entropy(logits_BTV.float().flatten(0, 1), targets_BT.flatten(), ignore_index=PAD)


def compiled_graphs() -> int:
    """How many graphs have been compiled in this process."""
    return int(counters["stats"]["unique_graphs"])


def attention_for(columns: Columns) -> Callable[..., Attend]:
    """The fastest way to learn from such rows: FlexAttention on a GPU, plain matmuls while rows are short."""
    if columns.token.device.type == "cuda":
        return flex_attend
    return matmul_attend if columns.token.shape[1] <= SHORT_ROW else dense_attend


def compiled(function: LossFunction) -> LossFunction:
    """The function fused by torch.compile where a C++ compiler is at hand, as it is without one.

    Measured on one core: 2,040 tokens a second against 1,430.
    """
    if torch.cuda.is_available() or shutil.which("g++") or shutil.which("clang++"):
        return cast(LossFunction, torch.compile(function, dynamic=False))
    return function


@dataclass(frozen=True, slots=True)
class Music:
    """What a run learns from: its own data set, and base data to replay, where there is any."""

    own: Dataset
    base: Dataset | None = None

    def steps(self, recipe: Recipe, step: int) -> Iterator[Sequence[Part]]:
        """The parts of each step from this one on; what a step reads depends on its number alone."""
        own = self._batches(self.own, recipe, recipe.batch - recipe.replay, step)
        if self.base is not None and recipe.replay:
            own = _beside(own, self._batches(self.base, recipe, recipe.replay, step))
        return zip(*[own] * recipe.accumulate, strict=True)

    def _batches(self, store: Dataset, recipe: Recipe, batch: int, step: int) -> Iterator[Part]:
        first = step * recipe.accumulate * batch
        windows = Windows(store, Rows(recipe.tokens, recipe.bars), Chances(), recipe.seed, first)
        return batches(windows, batch, workers=0)


def _beside(own: Iterator[Part], base: Iterator[Part]) -> Iterator[Part]:
    for (columns, targets), (more_columns, more_targets) in zip(own, base, strict=True):
        yield torch.cat([columns, more_columns]), torch.cat([targets, more_targets])


def train(
    store: Dataset,
    folder: Path,
    recipe: Recipe,
    plan: Plan | None = None,
    start: Network | None = None,
    tell: Tell = lambda progress: None,
    stop: Asked = lambda: False,
    base: Dataset | None = None,
) -> Path:
    """Train until the plan ends (without one, as the recipe says); gives the checkpoint's path.

    Goes on from the folder's checkpoint where there is one, else from `start`, else from nothing. `tell`
    hears of every step, `stop` is asked before each, and `base` is what is replayed. With patience the run
    may end earlier, and the checkpoint is the best one. Raises RunError when the loss is no number any more,
    or a checkpoint does not fit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder, recipe, start)
    plan = plan or BySteps(recipe.steps, recipe.cooldown)
    for progress in steps(Music(store, base), folder, recipe, plan, state, stop):
        tell(progress)
    best = folder / checkpoint.BEST
    return best if recipe.patience and best.exists() else folder / checkpoint.NAME


def _state(folder: Path, recipe: Recipe, start: Network | None) -> State:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(recipe.seed)
    network = Network(SIZES[recipe.size]).to(device)
    if frugal.is_needed(network.shape, recipe.tokens):
        frugal.spare(network)
    if start is not None:
        network.load_state_dict(start.state_dict())
    state = begin(network, recipe)
    checkpoint.restore(folder, state)
    return state


def steps(
    music: Music, folder: Path, recipe: Recipe, plan: Plan, state: State, stop: Asked
) -> Iterator[Progress]:
    """One step after another; log and checkpoint stand in the folder, at the end too."""
    device = next(state.network.parameters()).device
    loss_function = compiled(loss_of) if plan.is_long(state.step) else loss_of
    held_out = held_out_rows(music.own, Rows(recipe.tokens, recipe.bars))
    parameters = state.average.parameter_count()
    facts = {"parameters": parameters, "device": device.type, "plan": repr(plan)}
    log(folder, event="start", step=state.step, **facts, **asdict(recipe))
    if recipe.patience and state.step == 0:
        log_held_out(folder, state, recipe, held_out)
    began, first, since, graphs = time.monotonic(), state.step, Since(), 0
    for parts in music.steps(recipe, state.step):
        seconds = time.monotonic() - began
        left = plan.left(state.step, seconds)
        if left <= 0 or stop() or is_stale(folder, state, recipe):
            break
        parts = [(columns.to(device), targets.to(device)) for columns, targets in parts]
        with advised(recipe):
            bits = update(state, parts, recipe, rate(state.step, recipe.warmup, left), loss_function)
        graphs = compiled_graphs() if state.step - first <= SETTLED else graphs
        assert compiled_graphs() == graphs, f"step {state.step} was compiled again: its shapes have changed"
        since.bits.append(bits)
        if state.step % recipe.save_every == 0:
            log_training(folder, state, recipe, since, seconds)
            checkpoint.save(folder, state)
            since = Since()
        if state.step % recipe.evaluate_every == 0:
            log_held_out(folder, state, recipe, held_out)
            since = Since(since.bits)
        yield Progress(state.step, bits, left, plan.share(first, state.step, time.monotonic() - began))
    checkpoint.save(folder, state)
    if state.step % recipe.evaluate_every and not stop():
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
    """One step at a share of the full rates; gives what its music cost before it."""
    told = [Bits(0.0, int((targets != PAD).sum()), int(is_onset(targets).sum())) for _, targets in parts]
    all_told = sum(told, NONE)
    nats = 0.0
    for (columns_BCN, targets_BT), part in zip(parts, told, strict=True):
        loss = loss_function(state.network, Columns.of(columns_BCN, recipe.bars), targets_BT)
        share = loss * (part.tokens / all_told.tokens)
        nats += share.item()
        if not math.isfinite(nats):
            raise RunError(
                f"the loss is {nats} at step {state.step}; go on from the last checkpoint at lower rates"
            )
        share.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.network.parameters(), recipe.clip)
    for one, full in zip(state.optimizers, full_rates(recipe), strict=True):
        one.param_groups[0]["lr"] = full * speed
        one.step()
        one.zero_grad(set_to_none=True)
    follow(state, recipe.average)
    state.step += 1
    state.seen += all_told.tokens
    return Bits(nats * all_told.tokens / math.log(2), all_told.tokens, all_told.notes)


def log_training(folder: Path, state: State, recipe: Recipe, since: Since, seconds: float) -> None:
    """`seconds` are those since the run was last started."""
    nats, speed = round(since.loss_nats(), 4), round(since.tokens_per_s(recipe))
    told = {"loss_nats": nats, "tokens_per_s": speed, "seen": state.seen, "seconds": round(seconds, 1)}
    log(folder, event="train", step=state.step, **told)


def log_held_out(folder: Path, state: State, recipe: Recipe, held_out: list[Part]) -> None:
    """Bits per note of the running average; nothing where nothing is held out. The best is kept first."""
    if not held_out:
        return
    bits = round(bits_of(state.average, held_out).per_note, 4)
    before = measured(folder, state.step)
    if recipe.patience and bits < min(before.values(), default=math.inf):
        checkpoint.save(folder, state, checkpoint.BEST)
    log(folder, event="held_out", step=state.step, seen=state.seen, bits_per_note=bits)


def cool_down(
    run: Path,
    into: Path,
    store: Dataset,
    plan: Plan,
    tell: Tell = lambda progress: None,
    stop: Asked = lambda: False,
) -> Path:
    """Only the cooldown of a run, from a copy of its checkpoint in a new folder; gives the new checkpoint.

    The plan is all cooldown, from `checkpoint.step_of(run)` on. The run itself stays as it is, and may go on.
    Raises RunError where there is no run, or `into` holds one.
    """
    recipe = replace(recipe_of(run), warmup=0)
    if (into / checkpoint.NAME).exists():
        raise RunError(f"{into} holds a run already; remove it, or choose another folder for the cooldown")
    into.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / checkpoint.NAME, into / checkpoint.NAME)
    return train(store, into, recipe, plan, tell=tell, stop=stop)

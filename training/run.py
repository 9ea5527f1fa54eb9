"""The training loop, as a recipe: what happens next is the next line."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from datasets import Dataset
from torch import Tensor, nn

from meloformer.model.attention import dense_attend, flex_attend, matmul_attend
from meloformer.model.masks import Columns
from meloformer.model.network import Attend, Network
from meloformer.model.shape import SIZES
from meloformer.model.vocabulary import PAD
from meloformer.training import checkpoint
from meloformer.training.bits import Bits, bits_of, is_onset
from meloformer.training.checkpoint import State, begin, full_rates
from meloformer.training.errors import RunError
from meloformer.training.heldout import held_out_rows
from meloformer.training.journal import log, recipe_of
from meloformer.training.loader import Rows, Windows, batches
from meloformer.training.plan import BySteps, Plan, rate
from meloformer.training.recipe import Recipe
from meloformer.training.windows import Chances

SHORT_ROW = 2_304  # positions: a longer row keeps too many scores
LossFunction = Callable[[nn.Module, Columns, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Progress:
    """A run after one more step: what the step's own music cost, and how much of the cooldown is left."""

    step: int
    bits: Bits
    left: float


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
        return len(self.bits) * recipe.batch * recipe.tokens / (time.monotonic() - self.began)


def loss_of(network: nn.Module, columns: Columns, targets_BT: Tensor) -> Tensor:
    """Mean cross-entropy in nats over every target that is one."""
    device = columns.token.device.type
    attend = attention_for(columns)(columns)
    with torch.autocast(device, torch.bfloat16):
        logits_BTV = network(columns, attend)
    return F.cross_entropy(logits_BTV.float().flatten(0, 1), targets_BT.flatten(), ignore_index=PAD)


def attention_for(columns: Columns) -> Callable[[Columns], Attend]:
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


def train(
    store: Dataset,
    folder: Path,
    recipe: Recipe,
    plan: Plan | None = None,
    start: Network | None = None,
    tell: Tell = lambda progress: None,
) -> Path:
    """Train until the plan ends (without one, as the recipe says); gives the checkpoint's path.

    Goes on from the folder's checkpoint where there is one, else from `start`, else from nothing. `tell`
    hears of every step. Raises RunError when the loss is no number any more, or a checkpoint does not fit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder, recipe, start)
    for progress in steps(store, folder, recipe, plan or BySteps(recipe.steps, recipe.cooldown), state):
        tell(progress)
    return folder / checkpoint.NAME


def _state(folder: Path, recipe: Recipe, start: Network | None) -> State:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(recipe.seed)
    network = Network(SIZES[recipe.size]).to(device)
    if start is not None:
        network.load_state_dict(start.state_dict())
    state = begin(network, recipe)
    checkpoint.restore(folder, state)
    return state


def steps(store: Dataset, folder: Path, recipe: Recipe, plan: Plan, state: State) -> Iterator[Progress]:
    """One step after another; log and checkpoint stand in the folder, at the end too."""
    device = next(state.network.parameters()).device
    loss_function = compiled(loss_of) if plan.is_long(state.step) else loss_of
    rows = Rows(recipe.tokens, recipe.bars)
    held_out = held_out_rows(store, rows)
    windows = Windows(store, rows, Chances(), recipe.seed, state.step * recipe.batch)
    parameters = state.network.parameter_count()
    facts = {"parameters": parameters, "device": device.type, "plan": repr(plan)}
    log(folder, event="start", step=state.step, **facts, **asdict(recipe))
    began, since = time.monotonic(), Since()
    for columns, targets in batches(windows, recipe.batch, workers=0):
        left = plan.left(state.step, time.monotonic() - began)
        if left <= 0:
            break
        speed = rate(state.step, recipe.warmup, left)
        bits = update(state, columns.to(device), targets.to(device), recipe, speed, loss_function)
        since.bits.append(bits)
        if state.step % recipe.save_every == 0:
            log_training(folder, state, recipe, since)
            checkpoint.save(folder, state)
            since = Since()
        if state.step % recipe.evaluate_every == 0:
            log_held_out(folder, state, held_out)
            since = Since(since.bits)
        yield Progress(state.step, bits, left)
    checkpoint.save(folder, state)
    if state.step % recipe.evaluate_every:
        log_held_out(folder, state, held_out)


def update(
    state: State,
    columns_BCN: Tensor,
    targets_BT: Tensor,
    recipe: Recipe,
    speed: float,
    loss_function: LossFunction,
) -> Bits:
    """One step at a share of the full rates; gives what its music cost before it."""
    loss = loss_function(state.network, Columns.of(columns_BCN, recipe.bars), targets_BT)
    if not math.isfinite(nats := loss.item()):
        raise RunError(
            f"the loss is {nats} at step {state.step}; go on from the last checkpoint at lower rates"
        )
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.network.parameters(), recipe.clip)
    for one, full in zip(state.optimizers, full_rates(recipe), strict=True):
        one.param_groups[0]["lr"] = full * speed
        one.step()
        one.zero_grad(set_to_none=True)
    follow(state, recipe.average)
    tokens = int((targets_BT != PAD).sum())
    state.step += 1
    state.seen += tokens
    return Bits(nats * tokens / math.log(2), tokens, int(is_onset(targets_BT).sum()))


@torch.no_grad()
def follow(state: State, keep: float) -> None:
    """The running average takes a step after the network; early on it forgets its beginning faster."""
    keep = min(keep, (state.step + 1) / (state.step + 10))
    torch._foreach_lerp_(list(state.average.parameters()), list(state.network.parameters()), 1 - keep)


def log_training(folder: Path, state: State, recipe: Recipe, since: Since) -> None:
    nats, speed = round(since.loss_nats(), 4), round(since.tokens_per_s(recipe))
    log(folder, event="train", step=state.step, loss_nats=nats, tokens_per_s=speed, seen=state.seen)


def log_held_out(folder: Path, state: State, held_out: list[tuple[Tensor, Tensor]]) -> None:
    """Bits per note of the running average; nothing where nothing is held out."""
    if held_out:
        bits = round(bits_of(state.average, held_out).per_note, 4)
        log(folder, event="held_out", step=state.step, seen=state.seen, bits_per_note=bits)


def cool_down(run: Path, into: Path, store: Dataset, plan: Plan, tell: Tell = lambda progress: None) -> Path:
    """Only the cooldown of a run, from a copy of its checkpoint in a new folder; gives the new checkpoint.

    The plan is all cooldown, from `checkpoint.step_of(run)` on. The run itself stays as it is, and may go on.
    Raises RunError where there is no run, or `into` holds one.
    """
    recipe = replace(recipe_of(run), warmup=0)
    if (into / checkpoint.NAME).exists():
        raise RunError(f"{into} holds a run already; remove it, or choose another folder for the cooldown")
    into.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / checkpoint.NAME, into / checkpoint.NAME)
    return train(store, into, recipe, plan, tell=tell)

"""What a training step costs: time, waiting, arithmetic, memory and recompiles, measured in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
import torch.nn.functional as F
from datasets import Dataset
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from meloformer.model.masks import Columns, hid_attention
from meloformer.model.network import Attend, Network
from meloformer.model.shape import Shape
from meloformer.training import frugal
from meloformer.training.arithmetic import flops_of, synchronise
from meloformer.training.checkpoint import begin
from meloformer.training.loader import Rows, Windows, batches
from meloformer.training.loss import LossFunction, attention_for, compiled, compiled_graphs, loss_with
from meloformer.training.recipe import Recipe
from meloformer.training.rules import causal, fine
from meloformer.training.run import update
from meloformer.training.windows import Chances

WARM = 2  # steps before anything is measured: compilers and allocators settle


RULES = {"causal": causal, "fine": fine, "fine + coarse": hid_attention}


def attend_under(rule: str, columns: Columns) -> Attend:
    """The way a run attends under one of RULES; causal attention as any language model has it."""
    if rule != "causal":
        attend: Attend = attention_for(columns)(columns, RULES[rule])
        return attend
    return lambda layer, q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)


def loss_under(rule: str) -> LossFunction:
    def loss(network: nn.Module, columns: Columns, targets_BT: Tensor) -> Tensor:
        return loss_with(attend_under(rule, columns), network, columns, targets_BT)

    return loss


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one training step, in seconds, bytes and operations; `waiting_s` is spent on data.

    `layer_bytes` are saved for the backward by one more layer, measured after a forward: no gradients.
    """

    tokens: int
    seconds: float
    waiting_s: float
    flops: float
    peak_bytes: int
    layer_bytes: int
    recompiles: int


def cost(shape: Shape, recipe: Recipe, rule: str, store: Dataset, steps: int, compile: bool) -> Cost:
    """Measure so many steps of a recipe, after WARM others."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    frugally = frugal.is_needed(shape, recipe.tokens)
    state = begin(_made(shape, frugally).to(device), recipe)
    loss = compiled(loss_under(rule)) if compile else loss_under(rule)
    times: list[tuple[float, float]] = []  # seconds waited, seconds in all
    graphs: list[int] = []
    reset_peak(device)
    for columns, targets, waited_s in _fed(store, recipe, WARM + steps):
        began = time.perf_counter()
        update(state, [(columns.to(device), targets.to(device))], recipe, 1.0, loss)
        synchronise(device)
        times.append((waited_s, waited_s + time.perf_counter() - began))
        graphs.append(compiled_graphs())
    waiting_s, seconds = (sum(one) / steps for one in zip(*times[WARM:], strict=True))
    row = Columns.of(columns.to(device), recipe.bars)
    return Cost(
        recipe.tokens_in_a_step,
        seconds,
        waiting_s,
        flops_of(shape, row, RULES[rule](row)),
        peak(device),
        _layer_bytes(shape, frugally, row, targets.to(device), loss),
        graphs[-1] - graphs[WARM - 1],
    )


def _fed(store: Dataset, recipe: Recipe, steps: int) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Batches, and how many seconds each was waited for."""
    windows = Windows(store, Rows(recipe.tokens, recipe.bars), Chances(), recipe.seed, 0)
    feed = batches(windows, recipe.batch, workers=0)
    for _ in range(steps):
        began = time.perf_counter()
        columns, targets = next(feed)
        yield columns, targets, time.perf_counter() - began


def _made(shape: Shape, frugally: bool) -> Network:
    network = Network(shape)
    if frugally:
        frugal.spare(network)
    return network


def _layer_bytes(shape: Shape, frugally: bool, columns: Columns, targets: Tensor, loss: LossFunction) -> int:
    """What a third layer saves beside two."""
    saved = []
    for layers in (2, 3):
        network = _made(replace(shape, layers=layers), frugally).to(columns.token.device)
        saved.append(saved_bytes(partial(loss, network, columns, targets), network))
    return saved[1] - saved[0]


def saved_bytes(forward: Callable[[], Tensor], network: nn.Module) -> int:
    """What a forward keeps for its backward, each storage once; the weights themselves are no part of it."""
    weights = {p.untyped_storage().data_ptr() for p in network.parameters()}
    kept: dict[int, int] = {}
    held: list[Tensor] = []  # so that no storage is freed and its address used again

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
            held.append(tensor.detach())
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        held.append(forward())
    return sum(kept.values())


def reset_peak(device: str) -> None:
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()


def peak(device: str) -> int:
    """The most memory at any time: on a GPU that of this measurement, else that of the whole process."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

"""The whole state of a run: what a checkpoint holds, and how it comes back."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from meloformer.model.network import Network
from meloformer.model.shape import HEAD_DIM, Shape
from meloformer.model.weights import part_of
from meloformer.training import sharing, world
from meloformer.training.errors import RunError
from meloformer.training.lora import adapt, is_adapted, merged
from meloformer.training.muon import Muon
from meloformer.training.recipe import Recipe
from meloformer.training.sharing import share_like, whole

NAME = "checkpoint.pt"
BEST = "best.pt"  # the checkpoint whose average the held-out music liked best, where a run looks for it


@dataclass(slots=True)
class State:
    """A run between two steps. `seen` counts the tokens that were learnt from."""

    network: Network
    average: Network  # the running average of its weights: what is evaluated and published
    optimizers: list[torch.optim.Optimizer]
    step: int = 0
    seen: int = 0


def begin(network: Network, recipe: Recipe, shard: bool = False) -> State:
    """A run at its very beginning, from these weights; with `shard` each process keeps a share of them."""
    average = deepcopy(network)
    if recipe.lora:
        adapt(network, recipe.lora)
    if shard:
        sharing.shard(network)
        sharing.shard(average)
    return State(network, average, optimizers(network, recipe))


def optimizers(network: Network, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for everything else; in the order of `full_rates`.

    Adapters are learnt by AdamW: they are products, and only the product is a matrix of the network.
    """
    learnt = [p for p in network.parameters() if p.requires_grad]
    inside = {id(p) for p in network.blocks.parameters() if p.ndim == 2}
    matrices = [p for p in learnt if id(p) in inside]
    others = [p for p in learnt if id(p) not in inside]
    return [
        torch.optim.AdamW(matrices, lr=recipe.matrix_rate, betas=(0.9, 0.98), weight_decay=0.0)
        if is_adapted(network)
        else Muon(matrices, lr=recipe.matrix_rate, weight_decay=recipe.weight_decay),
        torch.optim.AdamW(others, lr=recipe.other_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def full_rates(recipe: Recipe) -> tuple[float, float]:
    """The rates that the warm-up leads to."""
    return recipe.matrix_rate, recipe.other_rate


@torch.no_grad()
def follow(state: State, keep: float) -> None:
    """The running average takes a step after the network; early on it forgets its beginning faster."""
    keep = min(keep, (state.step + 1) / (state.step + 10))
    network = merged(state.network) if is_adapted(state.network) else dict(state.network.named_parameters())
    average = dict(state.average.named_parameters())
    torch._foreach_lerp_(list(average.values()), [network[name] for name in average], 1 - keep)


def save(folder: Path, state: State, name: str = NAME) -> None:
    """Everything, in one rename: a kill at any moment leaves the last whole checkpoint.

    All processes together, and the first one writes. Raises RunError where there is no room for it; what was
    there before stays.
    """
    saved: dict[str, Any] = {
        "network": whole(dict(state.network.state_dict())),
        "average": whole(dict(state.average.state_dict())),
        "optimizers": whole([one.state_dict() for one in state.optimizers]),
        "step": state.step,
        "seen": state.seen,
    }
    world.once(lambda: _write(saved, folder / name))


def _write(saved: dict[str, Any], file: Path) -> None:
    part = part_of(file)
    try:
        torch.save(saved, part)
        os.replace(part, file)
    except (OSError, RuntimeError) as error:  # torch tells a full disk as a RuntimeError
        part.unlink(missing_ok=True)
        reason = str(error).split("\n")[0]
        raise RunError(f"{file} cannot be written ({reason}); make room, then --resume") from error


def restore(folder: Path, state: State) -> None:
    """Go on from the folder's checkpoint where there is one.

    Raises RunError for one of another size, and where not all processes find the same one.
    """
    if (folder / NAME).exists():
        _restore(folder, state)
    least, most = world.least(state.step, -state.step)
    if least != -most:
        raise RunError(
            f"{folder} ends at step {least:.0f} for one process, at {-most:.0f} for another; "
            "let all of them see the same folder"
        )


def _restore(folder: Path, state: State) -> None:
    saved = read(folder / NAME)
    found, wanted = shape_of(saved["network"]), state.network.shape
    if found != wanted:
        raise RunError(
            f"{folder / NAME} is of {found}, not of {wanted}; go on with the size it was begun with"
        )
    if saved["network"].keys() != state.network.state_dict().keys():
        raise RunError(f"{folder / NAME} is one of LoRA, the run is not, or the other way; begin another run")
    for network, of_it in ((state.network, saved["network"]), (state.average, saved["average"])):
        own = network.state_dict()
        network.load_state_dict({name: share_like(of_it[name], tensor) for name, tensor in own.items()})
    for one, of_one in zip(state.optimizers, saved["optimizers"], strict=True):
        one.load_state_dict(_shares(of_one, one))
    state.step, state.seen = int(saved["step"]), int(saved["seen"])


def _shares(saved: dict[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """An optimizer's state with shares for the tensors of which this process holds a share."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state = {
        number: {
            name: share_like(value, weights[number]) if isinstance(value, Tensor) else value
            for name, value in of_weight.items()
        }
        for number, of_weight in saved["state"].items()
    }
    return {**saved, "state": state}


def read(path: Path) -> dict[str, Any]:
    """What a checkpoint holds; no pickled code is ever run. Raises RunError where there is no whole one."""
    try:
        saved = torch.load(path, weights_only=True, map_location="cpu")
        shape_of(saved["network"]), saved["average"], saved["optimizers"], saved["step"], saved["seen"]
    except FileNotFoundError:
        raise RunError(f"{path}: there is no checkpoint; train without --resume first") from None
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, KeyError, TypeError) as error:
        reason = str(error).split("\n")[0]
        raise RunError(f"{path} is no whole checkpoint ({reason}); remove it and train again") from error
    return dict(saved)


def step_of(folder: Path) -> int:
    """How many steps a folder's checkpoint has behind it. Raises RunError where there is none."""
    return int(read(folder / NAME)["step"])


def shape_of(weights: Mapping[str, Tensor]) -> Shape:
    """The shape of a network, told by its weights."""
    layers = sum(1 for name in weights if name.endswith("attention.query.weight"))
    both = weights["blocks.0.attention.key_value.weight"].shape[0]
    return Shape(weights["token.weight"].shape[1], layers, both // (2 * HEAD_DIM))


def average_of(saved: Mapping[str, Any]) -> Network:
    """The network that the running average of a checkpoint makes, ready to play."""
    weights = saved["average"]
    network = Network(shape_of(weights))
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)

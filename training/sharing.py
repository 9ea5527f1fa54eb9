"""One network on several processes: a copy on each (DDP), or a share of every tensor on each (FSDP2).

Either way a process learns from rows of its own, and gradients are the mean over all of them. With shares,
the weights of a block are whole only while it computes. Files know of neither: what is saved is whole.
"""

from __future__ import annotations

from contextlib import nullcontext
from itertools import count
from typing import Any

from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from meloformer.model.masks import Columns
from meloformer.model.network import Network
from meloformer.model.vocabulary import PAD
from meloformer.training import world
from meloformer.training.loss import LossFunction, Part


def own_rows(part: Part) -> tuple[Part, int]:
    """The rows of a part that this process learns from, and how many targets they count for.

    Where there are fewer rows than processes, one without computes the first row, which counts for nothing:
    every step is taken by all.
    """
    columns_BCN, targets_BT = part
    mine = slice(world.rank(), None, world.size())
    if world.rank() >= len(targets_BT):
        return (columns_BCN[:1], targets_BT[:1]), 0
    return (columns_BCN[mine], targets_BT[mine]), int((targets_BT[mine] != PAD).sum())


class Learner(nn.Module):
    """A network and its loss as one forward, for DDP to listen to; a compiler sees the loss alone."""

    def __init__(self, network: nn.Module, loss_function: LossFunction) -> None:
        super().__init__()
        self.network, self.loss_function = network, loss_function

    def forward(self, columns: Columns, targets_BT: Tensor) -> Tensor:
        return self.loss_function(self.network, columns, targets_BT)


def learnt_together(network: Network, loss_function: LossFunction, accumulate: int) -> LossFunction:
    """The loss whose backward leaves the mean of all processes' gradients; alone, the loss as it is.

    Copies are averaged once a step, in the last of its `accumulate` backwards; shares in each, for they have
    no room to keep a whole gradient until then.
    """
    if world.size() == 1 or is_sharded(network):
        return loss_function
    learner = DistributedDataParallel(Learner(network, loss_function), gradient_as_bucket_view=True)
    asked = count(1)

    def loss(_: nn.Module, columns: Columns, targets_BT: Tensor) -> Tensor:
        with learner.no_sync() if next(asked) % accumulate else nullcontext():
            nats: Tensor = learner(columns, targets_BT)
            return nats

    return loss


def shard(network: Network) -> None:
    """From now on each process keeps a share of every tensor; optimizers are made afterwards."""
    for block in network.blocks:
        fully_shard(block)
    fully_shard(network, reshard_after_forward=True)  # an average that was asked is a share again, too


def is_sharded(network: Network) -> bool:
    return isinstance(network.token.weight, DTensor)


def whole(saved: Any) -> Any:
    """The same, with whole tensors in memory where shares were: on the first process, nothing on the others.

    All processes ask it of the same, at the same time.
    """
    if isinstance(saved, DTensor):
        tensor = saved.full_tensor()
        return tensor.cpu() if world.is_first() else None
    if isinstance(saved, dict):
        return {name: whole(value) for name, value in saved.items()}
    if isinstance(saved, list):
        return [whole(value) for value in saved]
    return saved


def share_like(tensor: Tensor, like: Tensor) -> Tensor:
    """The share of a whole tensor that lies on this process, where `like` is one; else the tensor."""
    if not isinstance(like, DTensor) or tensor.shape != like.shape:
        return tensor
    return distribute_tensor(tensor, like.device_mesh, like.placements, src_data_rank=None)

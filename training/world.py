"""The processes that train together: which of them this is, and the few things that they tell each other.

`torchrun` starts them and says so in their environment. A run of one process makes no process group, and
every question here has its answer at once. All but `rank`, `size` and `is_first` are asked by all of them at
the same place of the recipe, or they wait for each other in vain.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
import torch.distributed as dist

from meloformer.training.errors import RunError

Made = TypeVar("Made")


@contextmanager
def joined() -> Iterator[None]:
    """Be one of the processes that torchrun started; where it started none, alone.

    Raises RunError where there are more of them on this machine than it has GPUs.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    if torch.cuda.is_available():
        _take_a_gpu()
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    yield
    dist.destroy_process_group()  # not after an error: it would wait for processes that go on


def _take_a_gpu() -> None:
    wanted, there = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
    if wanted > there:
        raise RunError(f"{wanted} processes cannot share {there} GPUs; torchrun --nproc-per-node {there}")
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    """How many they are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this is the one that writes: log, checkpoints, preset, terminal."""
    return rank() == 0


def together() -> None:
    """Go on when all are here."""
    if dist.is_initialized():
        dist.barrier()


def once(work: Callable[[], Made]) -> Made | None:
    """The first process does it; the others wait until it is done, and get nothing."""
    made = work() if is_first() else None
    together()
    return made


def least(*values: float) -> list[float]:
    """Of each number the least that any of them has."""
    return _reduced(values, dist.ReduceOp.MIN)


def first_says(value: float) -> float:
    """The number of the first process."""
    return least(value if is_first() else math.inf)[0]


def total(value: float) -> float:
    """The sum over all of them."""
    return _reduced([value], dist.ReduceOp.SUM)[0]


def _reduced(values: tuple[float, ...] | list[float], how: dist.ReduceOp.RedOpType) -> list[float]:
    if not dist.is_initialized():
        return list(values)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    numbers = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(numbers, how)
    return [float(number) for number in numbers.tolist()]

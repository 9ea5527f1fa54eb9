"""Weights in safetensors, with their shape and the vocabulary's fingerprint; no pickle is ever read.

Torch is imported only for a network in torch: who plays with plain arrays never waits for it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from meloformer.model.arrays import Arrays, Floats
from meloformer.model.shape import Shape, tensor_shapes
from meloformer.model.vocabulary import fingerprint

if TYPE_CHECKING:
    from meloformer.model.network import Network

FORMAT = "1"
Device = Literal["auto", "cpu", "cuda"]


class WeightsError(ValueError):
    """Weights cannot be used; the message names the file, the reason and the way out."""


class DeviceError(WeightsError):
    """The model cannot run where it should; the message names the device, the reason and the way out."""


def save(network: Network, path: Path, facts: Mapping[str, str]) -> None:
    """Write a network as fp16 safetensors, in one rename; `facts` tell how it was trained."""
    state = network.state_dict()
    tensors = {name: tensor.detach().cpu().half().contiguous().numpy() for name, tensor in state.items()}
    shape = {name: str(value) for name, value in asdict(network.shape).items()}
    metadata = {**facts, "format": FORMAT, "vocabulary": fingerprint(), **shape}
    part = part_of(path)
    save_file(tensors, part, metadata=metadata)
    os.replace(part, path)


def part_of(path: Path) -> Path:
    """Where a file is made until it is whole."""
    return path.with_name(f"{path.name}.part")


def facts_of(path: Path) -> dict[str, str]:
    """What a weights file says of itself. Raises WeightsError."""
    try:
        with safe_open(path, framework="np") as file:
            return dict(file.metadata() or {})
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file; check `weights` in the preset") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: these are no safetensors ({error}); fetch or train them again") from None


def load(path: Path, device: str = "cpu") -> Network:
    """A network in torch, in float32. Raises WeightsError for another format, vocabulary or shape."""
    import torch

    from meloformer.model.network import Network

    shape, tensors = _read(path)
    network = Network(shape)
    network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    return network.to(device).eval().requires_grad_(False)


def load_to_play(path: Path, device: Device) -> Network | Arrays:
    """A network as it plays fastest: in torch on a GPU, in plain arrays on a CPU. Raises WeightsError.

    That is a DeviceError for a device that is not there.
    """
    return load(path, "cuda") if resolved(device) == "cuda" else Arrays(*_read(path))


def resolved(device: Device) -> Literal["cpu", "cuda"]:
    """The device that `auto` means here: a GPU where torch sees one; it is asked only beside a driver.

    Raises DeviceError for `cuda` where torch sees none.
    """
    if device == "cpu" or (device == "auto" and not shutil.which("nvidia-smi")):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "auto":
        return "cpu"
    without = torch.version.cuda is None
    reason = "this PyTorch was built without CUDA" if without else "PyTorch sees no CUDA GPU here"
    raise DeviceError(f"no device cuda: {reason}; choose --device auto")


def _read(path: Path) -> tuple[Shape, dict[str, Floats]]:
    shape = _shape_of(path, facts_of(path))
    with safe_open(path, framework="np") as file:
        found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        _check_shapes(path, shape, found)
        tensors = {name: file.get_tensor(name).astype(np.float32) for name in found}
    if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
        raise WeightsError(f"{path}: the weights hold infinities or NaN; take an earlier checkpoint")
    return shape, tensors


def _check_shapes(path: Path, shape: Shape, found: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse tensors that no network of this shape has."""
    if shape.layers > len(found):
        raise WeightsError(
            f"{path}: {shape.layers} layers are told, but not there; fetch or train them again"
        )
    expected = tensor_shapes(shape)
    if found != expected:
        name = min(name for name, _ in found.items() ^ expected.items())
        raise WeightsError(f"{path}: tensor {name} is missing, unknown or of another shape; train them again")


def _shape_of(path: Path, facts: Mapping[str, str]) -> Shape:
    for field, ours in (("format", FORMAT), ("vocabulary", fingerprint())):
        if (theirs := facts.get(field, "not told")) != ours:
            raise WeightsError(
                f"{path}: {field} is {theirs}, this version has {ours}; train them again with this version"
            )
    try:
        return Shape(*(int(facts[name]) for name in ("width", "layers", "kv_heads")))
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path}: the shape in the file is unusable ({error}); train them again") from None

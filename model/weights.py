"""Weights in safetensors, with their shape and the vocabulary's fingerprint; no pickle is ever read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from meloformer.model.network import Network, Shape
from meloformer.model.vocabulary import fingerprint

FORMAT = "1"


class WeightsError(ValueError):
    """Weights cannot be used; the message names the file, the reason and the way out."""


def save(network: Network, path: Path, facts: Mapping[str, str]) -> None:
    """Write a network as fp16 safetensors, in one rename; `facts` tell how it was trained."""
    state = network.state_dict()
    tensors = {name: tensor.to("cpu", torch.float16).contiguous() for name, tensor in state.items()}
    shape = {name: str(value) for name, value in asdict(network.shape).items()}
    metadata = {**facts, "format": FORMAT, "vocabulary": fingerprint(), **shape}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata=metadata)
    os.replace(part, path)


def facts_of(path: Path) -> dict[str, str]:
    """What a weights file says of itself. Raises WeightsError."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file; check `weights` in the preset") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: these are no safetensors ({error}); fetch or train them again") from None


def load(path: Path, device: str = "cpu") -> Network:
    """A network ready to play, in float32. Raises WeightsError for another format, vocabulary or shape."""
    shape = _shape_of(path, facts_of(path))
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - no mapping
    _check_shapes(path, shape, tensors)
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise WeightsError(f"{path}: the weights hold infinities or NaN; take an earlier checkpoint")
    network = Network(shape)
    network.load_state_dict(tensors)
    return network.to(device).eval().requires_grad_(False)


def _check_shapes(path: Path, shape: Shape, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse tensors that no network of this shape has; none is built to know, for it may be huge."""
    if shape.layers > len(tensors):
        raise WeightsError(
            f"{path}: {shape.layers} layers are told, but not there; fetch or train them again"
        )
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in Network(shape).state_dict().items()}
    found = {name: tensor.shape for name, tensor in tensors.items()}
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

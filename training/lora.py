"""Low-rank adapters: small corrections beside frozen matrices, merged into the averaged weights.

Source: LoRA (Hu et al. 2021). Trained are the adapters and the gains of the attention; the embeddings stay.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from meloformer.model.network import Network


class Adapted(nn.Module):
    """A frozen matrix [out, in] with a correction of low rank beside it, which is nothing at first."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.weight = linear.weight
        small = torch.randn(rank, linear.in_features) * linear.in_features**-0.5
        self.lora_a = nn.Parameter(small.to(linear.weight.device))
        self.lora_b = nn.Parameter(self.weight.new_zeros(linear.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight) + F.linear(F.linear(x, self.lora_a), self.lora_b)

    def merged(self) -> Tensor:
        """The plain matrix that does the same."""
        return self.weight + self.lora_b @ self.lora_a


def adapt(network: Network, rank: int) -> None:
    """Freeze a network and put adapters of this rank beside every matrix of its blocks."""
    network.requires_grad_(False)
    matrices = [(name, part) for name, part in network.blocks.named_modules() if isinstance(part, nn.Linear)]
    for name, linear in matrices:
        parent, _, own = name.rpartition(".")
        setattr(network.blocks.get_submodule(parent), own, Adapted(linear, rank))
    for name, parameter in network.blocks.named_parameters():
        parameter.requires_grad_(name.endswith(("lora_a", "lora_b", "sharpness")))


def is_adapted(network: Network) -> bool:
    return any(isinstance(part, Adapted) for part in network.modules())


def merged(network: Network) -> dict[str, Tensor]:
    """The state of a plain network that does what this one does."""
    plain = {name: tensor for name, tensor in network.state_dict().items() if ".lora_" not in name}
    for name, part in network.named_modules():
        if isinstance(part, Adapted):
            plain[f"{name}.weight"] = part.merged()
    return plain

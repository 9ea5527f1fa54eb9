"""Adapters beside frozen matrices: nothing at first, little to learn, and plain weights in the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from meloformer.model import weights
from meloformer.model.attention import dense_attend
from meloformer.model.layout import pack
from meloformer.model.network import Network, Shape
from meloformer.presets.reader import read
from meloformer.training import checkpoint
from meloformer.training.errors import RunError
from meloformer.training.lora import Adapted, adapt, merged
from meloformer.training.plan import BySteps
from meloformer.training.publish import publish
from meloformer.training.recipe import Recipe
from meloformer.training.run import train
from music import columns, document
from music import network as random_network

SHAPE = Shape(width=64, layers=1, kv_heads=1)


def logits(network: Network) -> torch.Tensor:
    row = columns([pack([document(3, bars=4)], 8, 256)], 8)
    with torch.no_grad():
        return network(row, dense_attend(row))


def test_adapters_change_nothing_before_they_have_learnt() -> None:
    network = random_network(SHAPE)
    before = logits(network)
    adapt(network, rank=4)
    assert torch.equal(logits(network), before)


def test_merged_weights_do_what_the_adapters_do() -> None:
    network = random_network(SHAPE)
    adapt(network, rank=4)
    for part in network.modules():
        if isinstance(part, Adapted):
            torch.nn.init.normal_(part.lora_b, std=0.3)
    plain = Network(SHAPE)
    plain.load_state_dict(merged(network))
    assert not torch.allclose(logits(plain), logits(random_network(SHAPE)), atol=1e-3)
    torch.testing.assert_close(logits(plain), logits(network), atol=1e-4, rtol=1e-4)


def test_only_adapters_and_gains_are_trained() -> None:
    network = random_network(SHAPE)
    adapt(network, rank=4)
    trained = {name.rpartition(".")[2] for name, p in network.named_parameters() if p.requires_grad}
    assert trained == {"lora_a", "lora_b", "sharpness"}


def test_a_run_of_adapters_ends_in_a_preset_of_plain_weights(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    start = random_network(SHAPE)
    file = train(store, tmp_path / "run", replace(recipe, lora=4), BySteps(4, 0), start)
    publish(file, tmp_path / "mine.yaml", {})
    published = weights.load(read(tmp_path / "mine.yaml").weights).state_dict()
    assert published.keys() == start.state_dict().keys()
    assert torch.equal(published["token.weight"], start.state_dict()["token.weight"].half().float())
    changed = published["blocks.0.attention.query.weight"] - start.blocks[0].attention.query.weight
    assert changed.abs().max() > 1e-4


def test_an_interrupted_run_of_adapters_goes_on_as_if_it_had_not_been(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    recipe = replace(recipe, lora=4)
    whole = train(store, tmp_path / "whole", recipe, BySteps(4, 0), random_network(SHAPE))
    train(store, tmp_path / "parts", recipe, BySteps(2, 0), random_network(SHAPE))
    parts = train(store, tmp_path / "parts", recipe, BySteps(4, 0))
    one, other = checkpoint.read(whole), checkpoint.read(parts)
    for which in ("network", "average"):
        assert all(torch.equal(tensor, other[which][name]) for name, tensor in one[which].items())


def test_adapters_do_not_go_on_from_a_run_without(store: Dataset, tmp_path: Path, recipe: Recipe) -> None:
    train(store, tmp_path, recipe, BySteps(1, 0))
    with pytest.raises(RunError, match="LoRA"):
        train(store, tmp_path, replace(recipe, lora=4), BySteps(2, 0))

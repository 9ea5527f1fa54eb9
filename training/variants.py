"""What the model and its recipe could be instead: each variant differs in one way from what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from meloformer.model.attention import RuleOf
from meloformer.model.layout import NO_INSTRUMENT
from meloformer.model.masks import Columns, hid_attention
from meloformer.model.network import Attend, Network, normed, rotation
from meloformer.model.shape import Shape
from meloformer.training import rules
from meloformer.training.checkpoint import optimizers
from meloformer.training.recipe import Recipe
from meloformer.training.windows import Chances

DROPOUT = 0.1
AS_EVER = Chances()
Optimizers = Callable[[Network, Recipe], list[torch.optim.Optimizer]]


class TokenRotation(Network):
    """Positions are counted in tokens, as in text; a summary stands where its bar ends."""

    def turn(self, columns: Columns) -> tuple[Tensor, Tensor]:
        at = torch.arange(columns.token.shape[1], device=columns.token.device) - columns.summaries
        here, bars = slice(None, columns.summaries), (columns.document, columns.segment)
        same_BSN = torch.stack([of[:, here, None] == of[:, None] for of in bars]).all(0)
        ends_BS = torch.where(same_BSN, at, -1).amax(-1)
        place_BN = torch.cat([ends_BS, at[columns.summaries :].expand(len(ends_BS), -1)], dim=1)
        return rotation(place_BN, place_BN)


class NoInstrument(Network):
    """Only INST tells whose a note is, where it changes."""

    def embedded(self, columns: Columns) -> Tensor:
        nobody = torch.full_like(columns.instrument, NO_INSTRUMENT)
        return normed(self.token(columns.token) + self.instrument(nobody))


class Dropping(Network):
    """Of what each block adds, a tenth is left out while it learns."""

    def hidden(self, columns: Columns, attend: Attend) -> Tensor:
        x_BNW, turn = self.embedded(columns), self.turn(columns)
        for block in self.blocks:
            added_BNW = block(x_BNW, turn, columns.summaries, attend) - x_BNW
            x_BNW = x_BNW + F.dropout(added_BNW, DROPOUT, self.training)
        return normed(x_BNW)


def adamw_alone(network: Network, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """AdamW for the matrices too."""
    muon, adamw = optimizers(network, recipe)
    matrices = muon.param_groups[0]["params"]
    return [torch.optim.AdamW(matrices, betas=(0.9, 0.98), weight_decay=recipe.weight_decay), adamw]


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs; all else is as the model and the recipe are."""

    rule: RuleOf = hid_attention
    network: Callable[[Shape], Network] = Network
    shape: Shape | None = None
    chances: Chances = AS_EVER
    optimizers: Optimizers = optimizers
    matrix_rate: float = 1.0  # a share of the recipe's

    def recipe(self, recipe: Recipe) -> Recipe:
        """The recipe at its rates."""
        return replace(recipe, matrix_rate=recipe.matrix_rate * self.matrix_rate)


CONTEXTS: Mapping[str, Variant] = {
    "dense": Variant(rule=rules.all_before),
    "fine + coarse": Variant(),
    "fine": Variant(rule=rules.fine),
}
ABLATIONS: Mapping[str, Variant] = {
    "as it is": Variant(),
    "positions in tokens": Variant(network=TokenRotation),
    "no instrument at each token": Variant(network=NoInstrument),
    "nine nearest bars finely": Variant(rule=rules.nearest),
    "no summaries": Variant(rule=rules.fine),
    "AdamW at 3e-3": Variant(optimizers=adamw_alone, matrix_rate=0.6),
    "AdamW at 1e-3": Variant(optimizers=adamw_alone, matrix_rate=0.2),
    "dropout of a tenth": Variant(network=Dropping),
    "nothing altered": Variant(
        chances=Chances(dropped_parts=0.0, semitones=(0, 0), velocity_bins=0, tempo_steps=0)
    ),
    "no given parts or missing bars": Variant(chances=Chances(given_parts=0.0, missing_bars=0.0)),
    "no chords": Variant(chances=Chances(chords=(0.0,))),
    "wide: one layer of 256": Variant(shape=Shape(width=256, layers=1, kv_heads=2)),
    "deep: 16 layers of 64": Variant(shape=Shape(width=64, layers=16, kv_heads=1)),
}

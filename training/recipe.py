"""Every number of a run, in one value."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meloformer.model.shape import SIZES
from meloformer.training.errors import RecipeError
from meloformer.training.loader import Rows

TOKENS_IN_A_STEP = 4096
USUAL_TOKENS = 512  # in a row
LEAST_TOKENS = 64
LORA_RANK = 16


@dataclass(frozen=True, slots=True)
class Recipe:
    """A step is `batch` rows of `tokens` tokens and at most `bars` bars, so often as `accumulate` says.

    Rates are those of full speed. What a run's log does not tell was as it is here.
    """

    size: str = "small"
    batch: int = 8
    tokens: int = USUAL_TOKENS
    bars: int = 48
    steps: int = 1_000_000  # the run ends here
    warmup: int = 100  # over the first so many steps the rate rises from nothing
    cooldown: int = 0  # over the last so many steps it falls to nothing
    matrix_rate: float = 5e-3  # Muon, on hidden matrices
    other_rate: float = 3e-3  # AdamW, on embeddings and gains
    weight_decay: float = 0.05
    clip: float = 1.0  # the longest gradient, as a norm
    average: float = 0.998  # share of the running average of weights that a step keeps
    seed: int = 1
    evaluate_every: int = 200
    save_every: int = 50
    accumulate: int = 1  # so many batches make a step: as much memory as one, the gradient of all
    patience: int = 0  # the run ends after so many measurements without a gain; 0: never
    lora: int = 0  # rank of the adapters that are trained in the matrices' place; 0: the matrices themselves
    replay: int = 0  # so many rows of a batch are of the base data, against forgetting

    @property
    def tokens_in_a_step(self) -> int:
        return self.accumulate * self.batch * self.tokens

    def __post_init__(self) -> None:
        if self.warmup + self.cooldown > self.steps:
            raise RecipeError(
                f"warmup ({self.warmup} steps) and cooldown ({self.cooldown}) "
                f"must fit into the run ({self.steps})"
            )
        if self.size not in SIZES:
            raise RecipeError(f"size is one of {', '.join(SIZES)}, not {self.size}")
        if not 0 <= self.replay < self.batch:
            raise RecipeError(
                f"of {self.batch} rows in a batch {self.replay} cannot be replayed; leave own ones"
            )
        if self.tokens < LEAST_TOKENS:
            raise RecipeError(f"a row has at least {LEAST_TOKENS} tokens, not {self.tokens}")


def recipe_for(size: str, tokens: int) -> Recipe:
    """A recipe for new weights and rows of so many tokens; a step is as large as ever."""
    return Recipe(
        size=size,
        tokens=tokens,
        batch=max(1, TOKENS_IN_A_STEP // tokens),
        bars=Rows.of(tokens).bars,
    )


def in_rows_of(recipe: Recipe, tokens: int) -> Recipe:
    """The same with rows of so many tokens; a step is as large as it was, as far as whole rows allow."""
    batch = max(1, recipe.batch * recipe.tokens // tokens)
    return replace(recipe, tokens=tokens, batch=batch, bars=Rows.of(tokens).bars)


def gentler(recipe: Recipe) -> Recipe:
    """The same for weights that know music already: a fifth of the rates, reached in a fifth of the steps.

    It is measured often, and ends by itself where a musician's held-out bars gain no more.
    """
    return replace(
        recipe,
        warmup=recipe.warmup // 5,
        matrix_rate=recipe.matrix_rate / 5,
        other_rate=recipe.other_rate / 5,
        evaluate_every=10,
        save_every=10,
        patience=5,
    )


def adapted(recipe: Recipe) -> Recipe:
    """The same with adapters instead of the matrices."""
    return replace(recipe, lora=LORA_RANK)


def replayed(recipe: Recipe) -> Recipe:
    """The same with a quarter of the rows from the base data."""
    return replace(recipe, replay=max(1, recipe.batch // 4), batch=max(2, recipe.batch))

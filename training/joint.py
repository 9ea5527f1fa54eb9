"""How likely a whole stream is: the joint negative log-likelihood, in nats, of all that it says.

Nothing is given. Every token costs its surprise after those before it: bars, meter, tempo, positions,
instruments, velocities, onsets, releases and the end. Only BOS is free, with which every stream begins. It
is told twice: `unmasked` over the whole vocabulary, and `masked`, where the chances of what the grammar
allows are made to add up to one, which is the model that a sampler plays (at temperature 1, with nothing
cut off).

Why the masked chances of all streams add up to one. Streams are the leaves of a tree whose nodes are what
has been told so far, and whose branches are the tokens that the grammar allows there. At each node the
chances of the branches add up to one; so, by the chain rule and by induction over the depth, those of all
nodes at one depth do, together with the leaves above it. What is left of this sum in nodes that have not
ended goes to nothing as the depth grows: states are normed before the last matrix, so no logit is beyond
some bound, and every allowed token has at least some chance e > 0; from every node at most K allowed tokens
lead to EOS, so of all that has not ended a share of at least e**K does within K more tokens. Hence the
leaves alone add up to one. (Over the whole vocabulary they add up to less: the rest is lost to streams that
mean nothing.)

A stream is one way to tell its music; the same notes could be told with another tempo, or held notes as
repeated ones. So this is an upper bound of the negative log-likelihood of the notes alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from meloformer.model.allowed import Mask
from meloformer.model.attention import dense_attend
from meloformer.model.grammar import Grammar
from meloformer.model.masks import Columns
from meloformer.model.network import Network
from meloformer.model.vocabulary import BAR
from meloformer.training.heldout import batched
from meloformer.training.loader import Rows


@dataclass(frozen=True, slots=True)
class Joint:
    """Nats of so many tokens, BOS not among them."""

    unmasked: float
    masked: float
    tokens: int

    def __add__(self, other: Joint) -> Joint:
        unmasked, masked = self.unmasked + other.unmasked, self.masked + other.masked
        return Joint(unmasked, masked, self.tokens + other.tokens)


NOTHING = Joint(0.0, 0.0, 0)


@torch.no_grad()
def joint(network: Network, tokens: Sequence[int]) -> Joint:
    """What a stream from BOS on costs, read in one row with all its context.

    Raises GrammarError for one that the grammar does not take, which cannot be sampled.
    """
    rows = Rows(len(tokens), tokens.count(BAR) + 1)  # one more for a FUTURE or PRESENT that came last
    ((columns_BCN, targets_BT),) = batched([tokens], rows)
    columns = Columns.of(columns_BCN, columns_BCN.shape[2] - targets_BT.shape[1])
    logits_TV = network(columns, dense_attend(columns)).double()[0, :-1]
    said_T1 = torch.tensor(tokens[1:])[:, None]
    chosen_T1 = logits_TV.gather(1, said_T1)
    masked_TV = logits_TV.masked_fill(torch.from_numpy(~masks(tokens)), -torch.inf)
    unmasked, masked = (
        float((torch.logsumexp(over_TV, dim=1, keepdim=True) - chosen_T1).sum())
        for over_TV in (logits_TV, masked_TV)
    )
    return Joint(unmasked, masked, len(tokens) - 1)


def masks(tokens: Sequence[int]) -> Mask:
    """[T - 1, V]: what the grammar allows at each token but the first."""
    grammar = Grammar()
    grammar.push(tokens[0])
    found = []
    for token in tokens[1:]:
        found.append(grammar.allowed())
        grammar.push(token)
    return np.stack(found)

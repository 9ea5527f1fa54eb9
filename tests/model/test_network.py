"""The network over whole rows: nothing sees what comes after it, next to it or in another row."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from meloformer.model import vocabulary as v
from meloformer.model.attention import QUERY_BLOCK, dense_attend
from meloformer.model.layout import Document, pack
from meloformer.model.masks import dense, hid_attention
from meloformer.model.network import Network, rotate, rotation
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.shape import HEAD_DIM, SIZES, Shape
from music import TINY, arrays, columns, document, network, piece, told

EXACT = 1e-9  # in double precision


@pytest.fixture(scope="module")
def exact() -> Network:
    """A small network in double precision, no weight of which is zero."""
    return network(Shape(width=128, layers=2, kv_heads=1)).double()


def logits(model: Network, *rows: Sequence[Document], summaries: int = 16, length: int = 400) -> Tensor:
    """[B, T, V] of packed rows."""
    batch = columns([pack(row, summaries, length) for row in rows], summaries)
    with torch.inference_mode():
        found: Tensor = model(batch, dense_attend(batch))
    return found


def another_ending(told: Document, stop: int, seed: int) -> Document:
    """The same up to `stop`, then anything at all: other notes, instruments, bars, even another order."""
    chance = random.Random(seed)
    anything = [v.BAR, v.FUTURE, v.PRESENT, v.GIVEN, v.MADE, v.EOS]
    tokens = [
        chance.choice(anything) if chance.random() < 0.1 else chance.randrange(v.SIZE)
        for _ in range(len(told.tokens) - stop)
    ]
    return Document([*told.tokens[:stop], *tokens], told.gap)


@pytest.mark.parametrize("missing", [None, (2, 4)], ids=["in order", "with moved bars"])
def test_nothing_after_a_token_changes_its_logits(exact: Network, missing: tuple[int, int] | None) -> None:
    """Several parts, two of one program, given parts, chords; another piece is packed behind."""
    told, behind = document(1, bars=6, missing=missing, density=3), document(2, bars=2, density=3)
    stops = range(3, len(told.tokens), 11)
    rows = [[another_ending(told, stop, seed=stop), behind] for stop in stops]
    whole, *changed = logits(exact, [told, behind], *rows, summaries=40, length=256)
    for stop, after in zip(stops, changed, strict=True):
        torch.testing.assert_close(after[:stop], whole[:stop], rtol=0.0, atol=EXACT)
        assert not torch.allclose(after[stop], whole[stop], rtol=0.0, atol=EXACT)


def test_a_packed_piece_is_the_piece_alone_wherever_it_stands(exact: Network) -> None:
    told = [document(seed, bars=3 + seed, missing=(1, 2) if seed else None, density=4) for seed in range(3)]
    together = logits(exact, told, summaries=16)[0]
    at = 0
    for each in told:
        stop = at + len(each.tokens)
        alone = logits(exact, [each], summaries=5, length=len(each.tokens))[0]
        torch.testing.assert_close(together[at:stop], alone, rtol=0.0, atol=EXACT)
        at = stop


def test_a_row_of_a_batch_is_the_row_alone(exact: Network) -> None:
    rows = [[document(0)], [document(1, bars=2), document(2, bars=3)], [document(3, missing=(0, 2))]]
    together = logits(exact, *rows)
    for index, row in enumerate(rows):
        torch.testing.assert_close(together[index], logits(exact, row)[0], rtol=0.0, atol=EXACT)


def test_what_was_said_before_matters(exact: Network) -> None:
    """The claims above would hold for a network that sees nothing; this one sees."""
    told = list(document(1).tokens)
    other = [v.NUM.id(2) if token == v.NUM.id(3) else token for token in told]
    before, after = logits(exact, [Document(told)])[0], logits(exact, [Document(other)])[0]
    assert not torch.allclose(before[len(told) - 1], after[len(told) - 1], rtol=0.0, atol=EXACT)


def test_attending_in_blocks_equals_one_call_over_the_whole_mask() -> None:
    rows = [pack([document(seed, bars=8)], 10, 3 * QUERY_BLOCK + 50) for seed in range(2)]
    batch = columns(rows, 10)
    positions = batch.token.shape[1]
    torch.manual_seed(0)
    q_BHND, k_BKND, v_BKND = (torch.randn(2, heads, positions, HEAD_DIM).double() for heads in (4, 2, 2))
    mask = dense(hid_attention(batch), 2, positions)
    whole = F.scaled_dot_product_attention(q_BHND, k_BKND, v_BKND, attn_mask=mask, enable_gqa=True)
    torch.testing.assert_close(dense_attend(batch)(0, q_BHND, k_BKND, v_BKND), whole, rtol=0.0, atol=EXACT)


def turn(bar: int, tick: int) -> tuple[Tensor, Tensor]:
    return rotation(torch.tensor([[bar]]), torch.tensor([[tick]]))


def matrix(bar: int, tick: int) -> Tensor:
    """[D, D]: what the rotation does to a head at this place."""
    return rotate(torch.eye(HEAD_DIM)[None, None], turn(bar, tick))[0, 0].T.double()


@pytest.mark.parametrize(("bar", "tick"), [(0, 0), (1, 95), (700, 383)])
def test_the_rotation_is_an_orthogonal_matrix(bar: int, tick: int) -> None:
    turned = matrix(bar, tick)
    torch.testing.assert_close(turned @ turned.T, torch.eye(HEAD_DIM).double(), rtol=0.0, atol=1e-6)


def test_nothing_turns_at_the_first_tick_of_the_first_bar() -> None:
    torch.testing.assert_close(matrix(0, 0), torch.eye(HEAD_DIM).double())


def test_two_places_meet_by_their_distance_alone() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(2, HEAD_DIM).double()
    meetings = [
        (matrix(bar + 3, tick + 10) @ query) @ (matrix(bar, tick + 40) @ key)
        for bar, tick in ((0, 0), (1, 7), (40, 200), (200, 300))
    ]
    torch.testing.assert_close(torch.stack(meetings), meetings[0].expand(4), rtol=0.0, atol=1e-3)


def test_bars_turn_one_half_of_the_pairs_and_ticks_the_other() -> None:
    quarter = HEAD_DIM // 4
    by_bar = [*range(quarter), *range(2 * quarter, 3 * quarter)]
    by_tick = [*range(quarter, 2 * quarter), *range(3 * quarter, HEAD_DIM)]
    still = torch.eye(HEAD_DIM).double()
    assert torch.equal(matrix(5, 0)[by_tick], still[by_tick])
    assert torch.equal(matrix(0, 5)[by_bar], still[by_bar])
    assert not torch.equal(matrix(5, 0)[by_bar], still[by_bar])
    assert not torch.equal(matrix(0, 5)[by_tick], still[by_tick])


def test_every_bar_and_tick_that_can_be_told_turns_differently() -> None:
    """Up to the bars that a conversation keeps in sight, and every position of the longest bar."""
    ticks = rotation(torch.zeros(1, v.POS.size), torch.arange(v.POS.size)[None])
    bars = rotation(torch.arange(200)[None], torch.zeros(1, 200))
    for cos, sin in (ticks, bars):
        angles = torch.cat([cos, sin], dim=-1)[0, 0]
        apart = torch.cdist(angles, angles) + torch.eye(len(angles))
        assert float(apart.min()) > 0.3


@pytest.mark.parametrize(
    ("size", "parameters"),
    [("small", 5_162_264), ("base", 39_225_952), ("large", 107_990_976), ("xlarge", 279_778_688)],
)
def test_a_size_has_as_many_parameters_as_the_readme_says(size: str, parameters: int) -> None:
    with torch.device("meta"):
        assert Network(SIZES[size]).parameter_count() == parameters


@pytest.mark.parametrize("size", SIZES)
def test_every_size_plays(size: str) -> None:
    """Unread weights, so no music: a bar is heard, and events come."""
    performer = Performer(arrays(Network(SIZES[size])), Sampling(), seed=1)
    for event in told(piece(1, bars=1)):
        performer.hear(event)
    assert len([*islice(performer.answer(3), 3)]) == 3


def test_a_new_network_is_as_surprised_by_every_token() -> None:
    """Its blocks begin as nothing, so that its first loss is that of a guess: log2 of the vocabulary."""
    torch.manual_seed(0)
    fresh, told = Network(TINY), document(0)
    row = pack([told], 8, 400)
    batch = columns([row], 8)
    with torch.inference_mode():
        found = fresh(batch, dense_attend(batch))[0]
    loss = F.cross_entropy(found, torch.from_numpy(row.targets), ignore_index=v.PAD)
    assert float(loss) == pytest.approx(torch.tensor(float(v.SIZE)).log().item(), abs=0.1)


@pytest.mark.parametrize(
    "numbers", [(100, 2, 1), (0, 2, 1), (128, 0, 1), (128, 2, 0), (192, 2, 2), (64, 2, -1)], ids=str
)
def test_a_shape_that_cannot_be_built_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="width"):
        Shape(*numbers)

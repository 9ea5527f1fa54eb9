"""A bar that goes as an earlier one did is known by its beginning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.performer import Performer
from meloformer.model.returning import LEAST_TOKENS, MOST_BARS, Returning
from meloformer.model.sampling import Chances, Sampling, distribution
from music import COMMON, TINY, arrays, network

BAR = v.BAR
SHORT, LONG = LEAST_TOKENS - 2, LEAST_TOKENS + 2
NOTES = st.lists(st.sampled_from([v.ON.id(60), v.ON.id(62)]), min_size=SHORT, max_size=LONG)


@given(st.lists(NOTES, max_size=40), NOTES)
def test_a_bar_comes_again_while_an_earlier_one_began_just_so(
    earlier: list[list[int]], now: list[int]
) -> None:
    told = [token for bar in [*earlier, now] for token in (BAR, *bar)]
    began_so = any(bar[: len(now)] == now for bar in earlier)
    assert Returning(told).again == (began_so and 1 + len(now) >= LEAST_TOKENS)


def test_bars_of_long_ago_are_forgotten() -> None:
    long_ago, since = ([BAR, *[v.ON.id(pitch)] * LONG] for pitch in (60, 62))
    assert Returning([*long_ago, *since * (MOST_BARS - 1), *long_ago]).again
    assert not Returning([*long_ago, *since * MOST_BARS, *long_ago]).again


def test_a_performer_cuts_off_nothing_while_a_bar_goes_as_an_earlier_one_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cutting = Sampling(temperature=1.5)
    chosen: list[tuple[bool, Sampling]] = []

    def watched(logits: NDArray[np.float32], allowed: NDArray[np.bool_], sampling: Sampling) -> Chances:
        chosen.append((Returning(performer.tokens).again, sampling))
        return distribution(logits, allowed, sampling)

    monkeypatch.setattr("meloformer.model.performer.distribution", watched)
    performer = Performer(arrays(network(TINY)), cutting, 1)
    scale = [NoteOn(tick, v.DRUMS, 36 + tick, 20) for tick in range(0, 40, 4)]
    for bar, strikes in enumerate((scale, scale, scale[:-1])):  # only the first one says how loud it is
        performer.hear(BarStart(96 * bar, COMMON))
        for strike in strikes:
            performer.hear(strike._replace(tick=strike.tick + 96 * bar))
    list(performer.fill_bar({v.DRUMS}, set()))
    list(performer.answer(1))
    assert {again for again, _ in chosen} == {True, False}
    assert all(sampling == (cutting.uncut() if again else cutting) for again, sampling in chosen)

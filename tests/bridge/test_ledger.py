"""What is sounding."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from meloformer.bridge.ledger import Ledger, Sounding

KEYS = some.tuples(some.integers(1, 2), some.integers(60, 62))


@given(some.lists(some.tuples(some.booleans(), KEYS, some.integers(0, 5))))
def test_every_note_struck_is_ended_once(moves: list[tuple[bool, tuple[int, int], int]]) -> None:
    ledger, begun, ended = Ledger(), [], []
    for id_, (strikes, (channel, pitch), back) in enumerate(moves):
        if strikes:
            ledger, over = ledger.struck(Sounding(id_, channel, pitch, 0.0, 0.0))
            begun.append(id_)
        else:
            ledger, over = ledger.released(id_ - back, channel, pitch)
        ended += [over.id] if over else []
    assert sorted([*ended, *(note.id for note in ledger)]) == begun


def test_a_note_struck_over_is_ended_first_and_its_own_end_then_means_nothing() -> None:
    ledger, _ = Ledger().struck(Sounding(1, 1, 60, 0.0, 0.0))
    ledger, over = ledger.struck(Sounding(2, 1, 60, 1.0, 1.0))
    assert over is not None
    assert over.id == 1
    ledger, nothing = ledger.released(1, 1, 60)
    assert nothing is None
    assert [note.id for note in ledger] == [2]

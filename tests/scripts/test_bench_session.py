"""A long evening, short: rehearsed, and played over UDP; whoever receives it has nothing left sounding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meloformer.bridge.transports.packing import Message
from meloformer.scripts.bench_session import QUARTERS, played, rehearsed
from meloformer.scripts.evening import PRESETS, Evening, changes
from meloformer.scripts.receiver import Ledgers, StuckError, Synthesiser
from meloformer.scripts.served import Arrival, write_changed


@pytest.fixture
def evening(tiny: Path, tmp_path: Path) -> Path:
    """The presets that an evening swaps, on an untrained model."""
    for name in PRESETS:
        write_changed("band", tiny, tmp_path, changes(name))
        (tmp_path / "band.yaml").replace(tmp_path / f"{name}.yaml")
    return tmp_path


def test_two_minutes_are_rehearsed_and_compared_by_their_quarters(meloformer, tiny: Path) -> None:
    outcome = meloformer("bench", "session", "--presets", tiny, "--minutes", "2", "--seed", "3")
    assert outcome.code == 0, outcome.err
    *quarters, whole = [json.loads(line) for line in outcome.out.splitlines()]
    assert [record["quarter"] for record in quarters] == list(range(1, QUARTERS + 1))
    assert all(record["step_ms"] <= record["worst_step_ms"] for record in quarters)
    assert whole["notes"] > 0 and whole["answers"] > 0
    assert whole["left_sounding"] == 0


def test_an_evening_in_real_time_is_received_and_kept(evening: Path) -> None:
    *quarters, whole = played(evening, minutes=0.25, seed=3)
    assert len(quarters) == QUARTERS
    assert whole["notes"] > 0 and whole["left_sounding"] == 0
    assert any("pong_ms" in record for record in quarters)
    assert any("first_note_ms" in record for record in quarters)


def test_the_same_seed_is_the_same_evening(evening: Path) -> None:
    def counted() -> tuple[int, int]:
        *_, whole = rehearsed(evening, minutes=0.5, seed=4)
        return whole["answers"], whole["notes"]

    assert counted() == counted()


def test_in_an_hour_everything_happens_on_every_channel() -> None:
    said = list(Evening(60, seed=1))
    addresses = {each.address for each in said}
    assert {"/melo/panic", "/melo/preset/load", "/melo/transport/tempo", "/melo/accompany"} <= addresses
    assert {each.arguments[0] for each in said if each.address == "/melo/note"} == set(range(1, 17))


def sent(address: str, *arguments: object, at: float | None = None, came: float = 0.0) -> Arrival:
    return Arrival(Message(f"/melo/out/{address}", arguments, at), came)


def test_a_note_that_never_ends_is_told_by_its_name() -> None:
    synthesiser = Synthesiser()
    synthesiser.take([sent("note", 7, 1, 60, 90, 0.0, at=1.0)])
    synthesiser.play(2.0)
    with pytest.raises(StuckError, match="2 notes never ended"):
        synthesiser.ledgers.close()


def test_a_note_that_ends_twice_or_not_at_all_before_it_is_struck_again_is_told() -> None:
    with pytest.raises(StuckError, match="ended and did not sound"):
        Synthesiser().take([sent("off", 7, 1, 60, 0.0)])
    synthesiser = Synthesiser()
    synthesiser.take([sent("note", id_, 1, 60, 90, 0.0, at=1.0) for id_ in (1, 2)])
    with pytest.raises(StuckError, match="struck while it sounded"):
        synthesiser.play(2.0)


def test_notes_sound_by_their_time_tags_and_an_early_end_takes_back_what_has_not_sounded() -> None:
    synthesiser = Synthesiser()
    synthesiser.take([sent("note", 1, 1, 60, 90, 0.0, at=2.0), sent("off", 1, 1, 60, 0.0, at=2.0)])
    synthesiser.take([sent("end", "1", 1, "stopped", came=1.0)])
    synthesiser.take([sent("note", 2, 1, 60, 90, 0.0, at=1.5), sent("off", 2, 1, 60, 0.0, at=2.5)])
    synthesiser.play(3.0)
    synthesiser.ledgers.close()
    assert (synthesiser.ledgers.ids.struck, synthesiser.ledgers.keys.struck) == (2, 1)


def test_ledgers_in_which_all_has_ended_are_closed() -> None:
    Ledgers().close()

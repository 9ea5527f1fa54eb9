"""The one table: ids that weights depend on never move, and values are checked."""

from __future__ import annotations

import pytest

from meloformer.model import vocabulary as v

# fmt: off
STARTS = {
    "PAD": 0, "BOS": 1, "EOS": 2, "GIVEN": 3, "MADE": 4, "FUTURE": 5, "PRESENT": 6, "SUMMARY": 7, "SPARE": 8,
    "BAR": 12, "NUM": 13, "DEN": 45, "POS": 51, "TEMPO": 435, "INST": 563, "VEL": 692, "ON": 724, "OFF": 852,
    "OFFALL": 980, "D": 981, "CHORD": 1109,
}
# fmt: on


def test_every_id_stays_where_trained_weights_expect_it() -> None:
    assert {name: row.start for name, row in v.TABLE.items()} == STARTS
    assert v.SIZE == 1219


def test_the_fingerprint_of_this_table_is_known() -> None:
    assert v.fingerprint() == "d20fedf27e60"


def test_the_fingerprint_changes_with_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    before = v.fingerprint()
    monkeypatch.setitem(v.TABLE, "ON", v.Row("ON", 127, "", v.ON.start))
    assert v.fingerprint() != before


def test_rows_stand_side_by_side_without_gaps() -> None:
    rows = list(v.TABLE.values())
    assert rows[0].start == 0
    assert [row.start for row in rows[1:]] == [row.stop for row in rows[:-1]]


def test_a_value_outside_its_row_is_refused_with_the_range() -> None:
    with pytest.raises(ValueError, match="POS takes 0 to 383, not 384"):
        v.POS.id(384)
    with pytest.raises(ValueError, match="INST takes 0 to 128, not -1"):
        v.INST.id(-1)


def test_every_token_can_be_written_as_a_person_would() -> None:
    words = [v.describe(token) for token in range(v.SIZE)]
    assert len(set(words)) == v.SIZE
    assert v.describe(v.POS.id(12)) == "POS 12"
    assert v.describe(v.BAR) == "BAR"
    with pytest.raises(ValueError, match="outside the vocabulary"):
        v.describe(v.SIZE)

"""Weights by wire: offered by their hash, asked for chunk by chunk, held within bounds."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from meloformer.bridge.engine.held import Arriving, Held, HoldingError
from meloformer.bridge.engine.messages import Load
from meloformer.bridge.engine.offering import Offering
from meloformer.bridge.engine.parcels import CHUNK_BYTES, Chunk, Offer

SIZE = 20 * CHUNK_BYTES + 17


def weights(folder: Path, seed: int = 1, size: int = SIZE) -> Path:
    file = folder / f"{seed}.safetensors"
    file.write_bytes(random.Random(seed).randbytes(size))
    return file


@contextmanager
def offered(file: Path) -> Iterator[tuple[Offering, Offer]]:
    with closing(Offering(Load("band", str(file), "cpu"))) as offering:
        while (offer := offering.hash_on()) is None:
            pass
        yield offering, offer


def sent(offering: Offering, arriving: Arriving) -> Path:
    """Everything that is asked for is sent, until the file is whole."""
    asked = arriving.wants()
    assert 1 < len(asked) <= 8
    while True:
        chunk = offering.chunk(asked.pop(0))
        assert chunk is not None
        if (file := arriving.take(chunk)) is not None:
            return file
        asked += arriving.wants()


def kept(held: Held, file: Path) -> str:
    with offered(file) as (offering, offer):
        sent(offering, held.expect(offer))
    return offer.sha256


def test_what_was_sent_is_held_and_found_by_its_hash(tmp_path: Path) -> None:
    file, held = weights(tmp_path), Held(tmp_path / "held")
    sha256 = kept(held, file)
    found = held.find(sha256)
    assert found is not None and found.read_bytes() == file.read_bytes()
    assert found.name == f"{sha256}.safetensors"


def test_a_file_that_is_exactly_so_many_chunks_ends_with_its_last(tmp_path: Path) -> None:
    held = Held(tmp_path / "held")
    assert held.find(kept(held, weights(tmp_path, size=3 * CHUNK_BYTES)))


def test_weights_that_change_on_the_way_are_not_held(tmp_path: Path) -> None:
    file, held = weights(tmp_path), Held(tmp_path / "held")
    with offered(file) as (offering, offer):
        arriving = held.expect(offer)
        with file.open("r+b") as changed:
            changed.write(b"other")
        with pytest.raises(HoldingError, match="changed while they were sent"):
            sent(offering, arriving)
    assert held.find(offer.sha256) is None


def test_a_saved_file_in_the_place_of_the_offered_one_changes_nothing(tmp_path: Path) -> None:
    file, held = weights(tmp_path), Held(tmp_path / "held")
    before = file.read_bytes()
    with offered(file) as (offering, offer):
        os.replace(weights(tmp_path, seed=2), file)
        assert sent(offering, held.expect(offer)).read_bytes() == before


def test_more_than_there_is_room_for_is_refused(tmp_path: Path) -> None:
    held = Held(tmp_path / "held", most_bytes=SIZE)
    for size in (0, SIZE + 1):
        with pytest.raises(HoldingError):
            held.expect(Offer("band", "a" * 64, size, "cpu"))


def test_chunks_that_were_not_asked_for_are_refused(tmp_path: Path) -> None:
    with closing(Held(tmp_path).expect(Offer("band", "a" * 64, SIZE, "cpu"))) as arriving:
        for chunk in (Chunk("a" * 64, CHUNK_BYTES, bytes(CHUNK_BYTES)), Chunk("a" * 64, 0, b"short")):
            with pytest.raises(HoldingError):
                arriving.take(chunk)
        assert arriving.take(Chunk("b" * 64, 0, b"of others")) is None


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    held = Held(tmp_path / "held", most_bytes=2 * SIZE)
    hashes = []
    for seed in (1, 2):
        hashes.append(kept(held, weights(tmp_path, seed)))
        os.utime(tmp_path / "held" / f"{hashes[-1]}.safetensors", (seed, seed))
    assert held.find(hashes[0])  # and is used by that
    hashes.append(kept(held, weights(tmp_path, 3)))
    assert [held.find(each) is not None for each in hashes] == [True, False, True]


def test_what_a_broken_wire_left_is_cleared_away(tmp_path: Path) -> None:
    held = Held(tmp_path / "held")
    with offered(weights(tmp_path)) as (offering, offer):
        held.expect(offer).close()
        sent(offering, held.expect(offer))
    assert [file.suffix for file in (tmp_path / "held").iterdir()] == [".safetensors"]


def test_two_engines_on_one_machine_leave_each_other_their_halves(tmp_path: Path) -> None:
    file, held = weights(tmp_path), Held(tmp_path / "held")
    others = tmp_path / "held" / f"{'a' * 64}.1.part"
    kept(held, weights(tmp_path, seed=2))
    others.write_bytes(b"half")
    kept(held, file)
    assert others.exists()
    os.utime(others, (1, 1))
    kept(held, weights(tmp_path, seed=3))
    assert not others.exists()


def test_what_did_not_come_whole_is_not_kept(tmp_path: Path) -> None:
    with closing(Held(tmp_path).expect(Offer("band", "a" * 64, SIZE, "cpu"))):
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())

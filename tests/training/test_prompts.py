"""The prompts are the same each time, are held out, and have what real music, copy and other need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from datasets import Dataset

from meloformer.model import midi
from meloformer.model.vocabulary import DRUMS
from meloformer.training.ingest import prepare
from meloformer.training.prompts import fixed_prompts, last_bars, others, random_prompts
from meloformer.training.rows import piece_of
from meloformer.training.split import split
from meloformer.training.store import open_store
from tunes import tune, write_tunes


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Long tunes in three collections, of which a few are held out."""
    folder = tmp_path_factory.mktemp("long")
    for first, collection in enumerate(("ballads", "carols", "dances")):
        write_tunes(folder / "midi" / collection, 60, 60 * first, bars=30)
    prepare(folder / "midi", folder / "data")
    return open_store(folder / "data")


def test_prompts_are_held_out_and_the_same_each_time(store: Dataset) -> None:
    held_out = {(store["collection"][index], store["name"][index]) for index in split(store).held_out}
    prompts = fixed_prompts(store)
    assert {(prompt.collection, prompt.name) for prompt in prompts} <= held_out
    assert fixed_prompts(store) == prompts
    assert fixed_prompts(store, 2) == prompts[:2]


def test_collections_take_turns(store: Dataset) -> None:
    first = [prompt.collection for prompt in fixed_prompts(store, 3)]
    assert first == sorted(set(first))


def test_what_is_heard_goes_on_with_what_is_real(store: Dataset) -> None:
    for prompt in fixed_prompts(store):
        assert (len(prompt.heard.meters), len(prompt.real.meters)) == (16, 8)
        assert len({*prompt.heard.meters, *prompt.real.meters}) == 1
        assert f"bars {prompt.first_bar + 1} to {prompt.first_bar + 16}" in prompt.title


def test_the_copy_is_the_last_of_what_was_heard(store: Dataset) -> None:
    (prompt, *_) = fixed_prompts(store)
    assert prompt.copy.notes == prompt.heard.bars(8, 16).notes


def test_last_bars_reach_to_the_end_of_their_piece(store: Dataset) -> None:
    names = {name: index for index, name in enumerate(store["name"])}
    prompts = last_bars(store)
    assert len(prompts) > 1 and last_bars(store, 1) == prompts[:1]
    for prompt in prompts:
        piece = piece_of(store[names[prompt.name]]).score
        assert prompt.real == piece.bars(len(piece.meters) - 8, len(piece.meters))
        assert len(prompt.heard.meters) == 16


def test_another_piece_is_never_the_prompts_own(store: Dataset) -> None:
    prompts = fixed_prompts(store)
    assert all(other != prompt.real for other, prompt in zip(others(prompts), prompts, strict=True))


def test_too_short_music_gives_no_prompt(store: Dataset) -> None:
    assert fixed_prompts(store, 24, 16, 64) == []


def test_a_preset_is_asked_about_its_own_music(tmp_path: Path) -> None:
    write_tunes(tmp_path / "midi" / "bands", 30, bars=30)
    (tmp_path / "midi" / "duos").mkdir()
    for seed in range(30):
        band = tune(seed, bars=30)
        duo = replace(band, notes=tuple(note for note in band.notes if note.instrument != DRUMS))
        midi.write(duo, tmp_path / "midi" / "duos" / f"duo{seed}.mid")
    prepare(tmp_path / "midi", tmp_path / "data")
    store = open_store(tmp_path / "data")

    def suits(instruments: Sequence[int]) -> bool:
        return DRUMS not in instruments

    own = fixed_prompts(store, suits=suits)
    assert own
    assert own == [prompt for prompt in fixed_prompts(store) if prompt.collection == "duos"]
    assert {prompt.collection for prompt in random_prompts(store, 20, suits=suits)} == {"duos"}


def test_where_no_music_suits_there_is_no_prompt(store: Dataset) -> None:
    assert fixed_prompts(store, suits=lambda instruments: False) == []
    assert list(random_prompts(store, 5, suits=lambda instruments: False)) == []


def test_random_prompts_are_as_many_as_asked_for_and_all_have_notes(store: Dataset) -> None:
    prompts = list(random_prompts(store, 40))
    assert len(prompts) == 40
    assert all(prompt.heard.notes and 1 <= len(prompt.heard.meters) <= 16 for prompt in prompts)
    assert any(one != two for one, two in pairwise(prompts))
    assert list(random_prompts(store, 40)) == prompts

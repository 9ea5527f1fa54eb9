"""The prompts are the same each time, are held out, and have what real music, copy and other need."""

from __future__ import annotations

from itertools import pairwise

import pytest
from datasets import Dataset

from meloformer.training.ingest import prepare
from meloformer.training.prompts import fixed_prompts, others, random_prompts
from meloformer.training.split import split
from meloformer.training.store import open_store
from tunes import write_tunes


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


def test_another_piece_is_never_the_prompts_own(store: Dataset) -> None:
    prompts = fixed_prompts(store)
    assert all(other != prompt.real for other, prompt in zip(others(prompts), prompts, strict=True))


def test_too_short_music_gives_no_prompt(store: Dataset) -> None:
    assert fixed_prompts(store, 24, 16, 64) == []


def test_random_prompts_are_as_many_as_asked_for_and_all_have_notes(store: Dataset) -> None:
    prompts = list(random_prompts(store, 40))
    assert len(prompts) == 40
    assert all(prompt.heard.notes and 1 <= len(prompt.heard.meters) <= 16 for prompt in prompts)
    assert any(one != two for one, two in pairwise(prompts))
    assert list(random_prompts(store, 40)) == prompts

"""Bits per note: everyone is measured on the same tokens, and what is counted is counted rightly."""

from __future__ import annotations

import json

import pytest
import torch
from datasets import Dataset

from meloformer.model import vocabulary as v
from meloformer.training.baselines import fit_baselines, shifted, training_documents
from meloformer.training.bits import Bits, bits_of
from meloformer.training.evaluation import Evaluation, evaluate, of_baseline, of_network
from meloformer.training.heldout import excerpts, held_out_rows
from meloformer.training.loader import Rows
from meloformer.training.split import split
from music import network

ROWS = Rows(256, 16)


NETWORK = network()


@pytest.fixture(scope="module")
def evaluation(store: Dataset) -> Evaluation:
    measures = {"a network": of_network(NETWORK, ROWS)}
    measures |= {name: of_baseline(one) for name, one in fit_baselines(store).items()}
    return evaluate(excerpts(store, ROWS), measures)


def test_everyone_is_measured_on_the_same_tokens_and_notes(evaluation: Evaluation) -> None:
    for name in evaluation.collections:
        assert len({(bits[name].tokens, bits[name].notes) for bits in evaluation.bits.values()}) == 1


def test_the_network_is_measured_on_the_rows_that_training_measures(
    evaluation: Evaluation, store: Dataset
) -> None:
    bits = bits_of(NETWORK, held_out_rows(store, ROWS))
    assert evaluation.overall("a network").bits == pytest.approx(bits.bits, rel=1e-5)
    assert evaluation.overall("a network").notes == bits.notes


def test_notes_are_what_the_held_out_music_strikes(evaluation: Evaluation, store: Dataset) -> None:
    told = [token for one in excerpts(store, ROWS) for token in one.tokens]
    notes = sum(token in v.ON or token in v.D for token in told)
    assert evaluation.overall("5-gram").notes == notes


def test_the_baselines_have_learnt_something(evaluation: Evaluation) -> None:
    for name in ("5-gram", "last bar", "5-gram + last bar"):
        assert evaluation.overall(name).per_note < evaluation.overall("a network").per_note


def test_numbers_as_json_are_plain(evaluation: Evaluation) -> None:
    said = json.loads(json.dumps(evaluation.as_json()))
    assert set(said["5-gram"]) == {*evaluation.collections, "overall"}
    assert said["5-gram"]["overall"]["bits_per_note"] == round(evaluation.overall("5-gram").per_note, 4)


def test_the_baselines_never_count_a_held_out_piece(store: Dataset) -> None:
    told: list[int] = []
    documents = list(training_documents(store, told.append))
    assert len(documents) == told[-1] == len(split(store).training)


def test_a_document_is_moved_with_its_releases_and_without_its_drums() -> None:
    tokens = torch.tensor([v.BOS, v.ON.id(60), v.D.id(36), v.OFF.id(60)]).numpy().astype("uint16")
    (up,) = shifted([tokens], (2,))
    assert up.tolist() == [v.BOS, v.ON.id(62), v.D.id(36), v.OFF.id(62)]


def test_a_document_is_never_moved_off_the_keyboard() -> None:
    tokens = torch.tensor([v.BOS, v.ON.id(127)]).numpy().astype("uint16")
    assert [one.tolist() for one in shifted([tokens], (-1, 0, 1))] == [
        [v.BOS, v.ON.id(126)],
        [v.BOS, v.ON.id(127)],
    ]


def test_bits_add_up() -> None:
    both = Bits(8.0, 4, 2) + Bits(4.0, 2, 2)
    assert (both.per_token, both.per_note) == (2.0, 3.0)

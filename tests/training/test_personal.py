"""Fine-tuning for a person: it ends where held-out bars gain no more, and says what it did."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from meloformer.model.chords import label
from meloformer.model.network import Shape
from meloformer.training import checkpoint, run
from meloformer.training.bits import Bits, is_onset
from meloformer.training.feed import Music
from meloformer.training.heldout import held_out_rows, parted
from meloformer.training.journal import entries, measured
from meloformer.training.loader import Rows
from meloformer.training.personal import result_of
from meloformer.training.plan import BySteps
from meloformer.training.recipe import Recipe
from meloformer.training.rows import Piece, piece_of
from meloformer.training.run import Progress, train
from meloformer.training.split import split
from meloformer.training.stopping import listening
from meloformer.training.store import open_store, write
from music import network as random_network
from tunes import tune

SHAPE = Shape(width=64, layers=1, kv_heads=1)


@pytest.fixture
def patient(recipe: Recipe) -> Recipe:
    return replace(recipe, patience=2, evaluate_every=2)


def bits_in_turn(monkeypatch: pytest.MonkeyPatch, *bits: float) -> None:
    """What held-out music costs, measurement by measurement."""
    turn = iter(bits)
    monkeypatch.setattr(run, "bits_of", lambda *_: Bits(next(turn), 1, 1))


def test_a_run_ends_where_held_out_bars_gain_no_more_and_the_best_is_what_counts(
    store: Dataset, tmp_path: Path, patient: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    bits_in_turn(monkeypatch, 9.0, 8.0, 8.5, 8.2)
    file = train(store, tmp_path, patient, BySteps(100, 0))
    assert checkpoint.step_of(tmp_path) == 6
    assert (file.name, checkpoint.read(file)["step"]) == (checkpoint.BEST, 2)


def test_a_run_that_was_stopped_remembers_the_best_before(
    store: Dataset, tmp_path: Path, patient: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    bits_in_turn(monkeypatch, 9.0, 8.0, 8.5, 8.2)
    train(store, tmp_path, patient, BySteps(4, 0))
    file = train(store, tmp_path, patient, BySteps(100, 0))
    assert (checkpoint.step_of(tmp_path), checkpoint.read(file)["step"]) == (6, 2)


def test_a_run_without_patience_goes_on_to_its_end(store: Dataset, tmp_path: Path, recipe: Recipe) -> None:
    assert train(store, tmp_path, recipe).name == checkpoint.NAME
    assert checkpoint.step_of(tmp_path) == recipe.steps


def test_the_result_tells_bits_before_and_after_and_the_longest_copy(
    store: Dataset, tmp_path: Path, patient: Recipe
) -> None:
    file = train(store, tmp_path, patient, start=random_network(SHAPE))
    result = result_of(tmp_path, file, store)
    assert result.moved is not None
    assert result.copied is not None
    assert result.moved.before == measured(tmp_path, 0)[0] > result.moved.after
    assert result.copied.music > 2  # the tunes are much alike
    assert set(result.facts()) >= {"held_out_bits_per_note_before", "longest_copied_notes"}


def test_a_piece_that_is_alone_is_cut_so_that_some_of_it_is_held_out(tmp_path: Path) -> None:
    score = tune(1, bars=10)
    write([Piece("", "alone", score, tuple(label(score)))], tmp_path / "data")
    parts = parted(open_store(tmp_path / "data"))
    assert sum(len(meters) // 2 for meters in parts["meters"]) == 10
    assert (len(split(parts).training), len(split(parts).held_out)) == (3, 1)
    assert held_out_rows(parts, Rows(128, 12))


def test_of_a_few_held_out_pieces_every_bar_is_measured(store: Dataset) -> None:
    (index,) = split(store).held_out
    targets = torch.cat([targets for _, targets in held_out_rows(store, Rows(128, 12))])
    onsets = len(piece_of(store[index]).score.notes)
    assert len(targets) > 1
    assert sum(bits_notes(row) for row in targets) == onsets


def bits_notes(row: torch.Tensor) -> int:
    return int(is_onset(row).sum())


def test_several_batches_in_a_step_learn_what_one_large_batch_learns(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    one, four = list[Progress](), list[Progress]()
    train(store, tmp_path / "one", replace(recipe, batch=4), BySteps(3, 0), tell=one.append)
    parts = replace(recipe, batch=1, accumulate=4)
    train(store, tmp_path / "four", parts, BySteps(3, 0), tell=four.append)
    assert [told.bits.tokens for told in four] == [told.bits.tokens for told in one]
    assert [told.bits.bits for told in four] == pytest.approx([told.bits.bits for told in one], rel=1e-3)


def test_replayed_rows_come_from_the_base_data(
    store: Dataset, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = store.select([0])
    own = Music(store.select([1]), base)
    ((columns, targets),), _ = next(own.steps(replace(recipe, batch=4, replay=1), 3))
    ((alone, _),), _ = next(Music(base).steps(replace(recipe, batch=1), 3))
    assert (columns.shape[0], targets.shape[0]) == (4, 4)
    assert torch.equal(columns[3:], alone)


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_a_run_ends_after_its_step_and_goes_on_to_the_same_end(
    store: Dataset, tmp_path: Path, recipe: Recipe, signal_: signal.Signals
) -> None:
    with listening() as stop:
        train(
            store,
            tmp_path / "stopped",
            recipe,
            tell=lambda progress: os.kill(os.getpid(), signal_) if progress.step == 3 else None,
            stop=stop,
        )
        assert stop()
    assert checkpoint.step_of(tmp_path / "stopped") == 3
    stopped, whole = train(store, tmp_path / "stopped", recipe), train(store, tmp_path / "whole", recipe)
    one, other = checkpoint.read(stopped)["network"], checkpoint.read(whole)["network"]
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    assert losses(tmp_path / "stopped") == losses(tmp_path / "whole")


def losses(folder: Path) -> dict[int, float]:
    """Held-out bits by step: what an interruption must not change."""
    return {entry["step"]: entry["bits_per_note"] for entry in entries(folder, "held_out")}


def test_after_the_first_request_to_stop_the_second_is_heard_as_ever() -> None:
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have us ignore it
    before = signal.getsignal(signal.SIGINT)
    with listening() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    signal.signal(signal.SIGINT, inherited)

"""From a folder of MIDI files to a preset, and what it is worth: `prepare`, `train`, `evaluate`, for real."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from kit import full_after
from meloformer.model import shape
from meloformer.model.shape import Shape
from meloformer.model.weights import facts_of
from meloformer.presets.reader import read
from meloformer.training import checkpoint, job, journal, on_ray, publish
from meloformer.training.store import open_store
from tunes import write_tunes


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    write_tunes(tmp_path / "songs", 5)
    (tmp_path / "songs" / "broken.mid").write_bytes(b"RIFF")
    return tmp_path / "songs"


@pytest.fixture(autouse=True)
def tiny_is_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shape of the tests' preset is one that can be trained."""
    monkeypatch.setitem(shape.SIZES, "tiny", Shape(width=64, layers=1, kv_heads=1))


@pytest.fixture
def beginning(tiny: Path, tmp_path: Path) -> list[str]:
    """What every `train` here says: begin with the tiny preset, and keep the run out of the tree."""
    return ["--from", "band", "--presets", str(tiny), "--runs", str(tmp_path / "runs"), "--seq-len", "64"]


def test_five_files_become_a_preset_that_plays(
    meloformer, songs: Path, tiny: Path, beginning, tmp_path: Path
) -> None:
    outcome = meloformer("train", songs, "--name", "five", "--steps", 5, "--terms", "my own", *beginning)
    assert (outcome.code, outcome.err) == (0, "")
    assert "5 steps" in outcome.out
    assert "broken.mid" in outcome.out
    assert re.search(r"about [\d.]+ minutes on this machine", outcome.out)
    before, after = re.search(r"held-out bars: ([\d.]+) .* before, ([\d.]+) after", outcome.out).groups()
    assert float(after) < float(before)
    assert re.search(r"from the training files: \d+ in an answer", outcome.out)
    preset = read(tiny / "five.yaml")
    facts = facts_of(preset.weights)
    assert facts["terms"] == "my own"
    assert round(float(facts["held_out_bits_per_note_before"]), 2) == float(before)
    assert round(float(facts["held_out_bits_per_note"]), 2) == float(after)
    played = meloformer(
        "continue",
        songs / "tune1.mid",
        tmp_path / "out.mid",
        "--preset",
        "five",
        "--presets",
        tiny,
        "--bars",
        1,
    )
    assert played.code == 0


def test_a_run_goes_on_where_it_was_and_its_name_is_not_taken_twice(
    meloformer, songs: Path, tiny: Path, beginning, tmp_path: Path
) -> None:
    assert meloformer("train", songs, "--name", "more", "--steps", 2, *beginning).code == 0
    again = meloformer("train", songs, "--name", "more", "--steps", 2, *beginning)
    assert again.code == 1
    assert "--resume" in again.err
    where = ["--presets", tiny, "--runs", tmp_path / "runs"]
    resumed = meloformer("train", songs, "--name", "more", "--steps", 2, "--resume", *where)
    assert resumed.code == 0
    assert facts_of(tiny / "more.safetensors")["steps"] == "4"


def test_a_run_that_never_came_to_a_checkpoint_leaves_nothing_to_the_next_one(
    meloformer, songs: Path, beginning, tmp_path: Path
) -> None:
    run = tmp_path / "runs" / "again"
    assert meloformer("train", songs, "--name", "again", "--steps", 2, *beginning).code == 0
    (run / checkpoint.NAME).unlink()
    (run / checkpoint.BEST).write_bytes(b"of other music")
    (tmp_path / "presets").mkdir()
    other = tmp_path / "other"
    write_tunes(other, 6, first=50)
    outcome = meloformer("train", other, "--name", "again", "--steps", 2, *beginning, "--from", "again")
    assert outcome.code == 0
    assert sorted(open_store(run / "data")["name"]) == [f"tune{seed}" for seed in range(50, 56)]
    assert [entry["step"] for entry in journal.entries(run, "start")] == [0]
    assert not (run / checkpoint.BEST).exists() or (run / checkpoint.BEST).read_bytes() != b"of other music"


def test_a_run_can_be_cooled_down_under_another_name(
    meloformer, songs: Path, tiny: Path, beginning, tmp_path: Path
) -> None:
    assert meloformer("train", songs, "--name", "warm", "--steps", 2, *beginning).code == 0
    where = ["--presets", tiny, "--runs", tmp_path / "runs", "--cooldown-of", tmp_path / "runs" / "warm"]
    assert meloformer("train", songs, "--name", "cool", "--steps", 1, *where).code == 0
    assert facts_of(tiny / "cool.safetensors")["steps"] == "3"
    assert facts_of(tiny / "warm.safetensors")["steps"] == "2"


def test_adapters_and_replayed_base_data_end_in_a_preset_too(
    meloformer, songs: Path, tiny: Path, beginning, tmp_path: Path
) -> None:
    write_tunes(tmp_path / "base", 3, first=20)
    assert meloformer("prepare", tmp_path / "base", "--out", tmp_path / "data").code == 0
    options = ["--lora", "--replay", tmp_path / "data", "--steps", 2]
    outcome = meloformer("train", songs, "--name", "light", *options, *beginning)
    assert outcome.code == 0
    recipe = json.loads(facts_of(read(tiny / "light.yaml").weights)["recipe"])
    assert recipe["lora"] > 0
    assert recipe["replay"] > 0


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot limit the size of its files")
def test_a_full_disk_at_the_end_is_one_line_and_costs_no_step(
    meloformer, songs: Path, tiny: Path, beginning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_a_full_disk(*arguments: object) -> None:
        with full_after(10_000):
            publish.publish(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(job, "publish", on_a_full_disk)
        outcome = meloformer("train", songs, "--name", "full", "--steps", 2, *beginning)
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "make room, then --resume" in outcome.err
    assert not list(tiny.glob("full*"))
    where = ["--presets", tiny, "--runs", tmp_path / "runs"]
    assert meloformer("train", songs, "--name", "full", "--resume", *where).code == 0
    assert facts_of(tiny / "full.safetensors")["steps"] == "2"


def test_several_batches_make_a_step_where_that_is_said(
    meloformer, songs: Path, tiny: Path, beginning
) -> None:
    options = ["--steps", 2, "--accumulate", 2]
    assert meloformer("train", songs, "--name", "more-at-once", *options, *beginning).code == 0
    facts = facts_of(tiny / "more-at-once.safetensors")
    assert json.loads(facts["recipe"])["accumulate"] == 2


def test_a_preset_is_not_overwritten_by_chance(meloformer, songs: Path, tiny: Path, tmp_path: Path) -> None:
    before = (tiny / "band.safetensors").read_bytes()
    outcome = meloformer(
        "train", songs, "--name", "band", "--steps", 1, "--presets", tiny, "--runs", tmp_path / "runs"
    )
    assert outcome.code == 1
    assert "--from band" in outcome.err
    assert (tiny / "band.safetensors").read_bytes() == before


def test_prepare_tells_what_it_refused_and_why(meloformer, songs: Path, tmp_path: Path) -> None:
    outcome = meloformer("prepare", songs, "--out", tmp_path / "data")
    assert outcome.code == 0
    assert "broken.mid" in outcome.out
    assert "5 pieces" in outcome.out
    assert "1 of 6 files refused" in outcome.out


def test_prepare_on_ray_says_how_to_get_it(
    meloformer, songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray, "find_spec", lambda name: None)
    outcome = meloformer("prepare", songs, "--out", tmp_path / "data", "--ray")
    assert outcome.code == 1
    assert "pip install meloformer[ray]" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_data_set_becomes_shards_and_comes_back(meloformer, songs: Path, tmp_path: Path) -> None:
    meloformer("prepare", songs, "--out", tmp_path / "data", "--terms", "my own")
    said = meloformer("convert", tmp_path / "data", "--out", tmp_path / "pt")
    assert (said.code, said.err) == (0, "")
    assert "5 pieces" in said.out
    assert "as pt" in said.out
    assert meloformer("convert", tmp_path / "pt", "--out", tmp_path / "again").code == 0
    again = [path.read_bytes() for path in sorted((tmp_path / "again").iterdir())]
    assert again == [path.read_bytes() for path in sorted((tmp_path / "data").iterdir())]
    refused = meloformer("convert", tmp_path / "data", "--out", tmp_path / "pt")
    assert refused.code == 1
    assert "there already" in refused.err


def test_evaluate_sets_a_preset_beside_what_it_has_to_beat(
    meloformer, songs: Path, tiny: Path, tmp_path: Path
) -> None:
    meloformer("prepare", songs, "--out", tmp_path / "data")
    numbers = tmp_path / "numbers.json"
    outcome = meloformer("evaluate", "band", tmp_path / "data", "--presets", tiny, "--json", numbers)
    assert outcome.code == 0
    said = json.loads(numbers.read_text())["bits"]
    assert set(said) == {"band", "5-gram", "last bar", "5-gram + last bar"}
    assert f"{said['5-gram']['overall']['bits_per_note']:.2f}" in outcome.out


def test_a_folder_is_evaluated_as_its_data_set_would_be(
    meloformer, songs: Path, tiny: Path, tmp_path: Path
) -> None:
    meloformer("prepare", songs, "--out", tmp_path / "data")
    plain = ["--presets", tiny, "--no-baselines"]
    of_data = meloformer("evaluate", "band", tmp_path / "data", *plain)
    of_folder = meloformer("evaluate", "band", songs, *plain)
    assert of_data.out in of_folder.out
    assert "broken.mid" in of_folder.out
    assert "5-gram" not in of_data.out


def test_one_piece_alone_cannot_be_held_out(meloformer, tiny: Path, tmp_path: Path) -> None:
    write_tunes(tmp_path / "one", 1)
    outcome = meloformer("evaluate", "band", tmp_path / "one", "--presets", tiny)
    assert outcome.code == 1
    assert "add another" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--name", "../mine"],
        ["--name", "mine", "--minutes", "1", "--steps", "1"],
        ["--name", "mine", "--size", "base", "--from", "band"],
        ["--name", "mine", "--resume", "--seq-len", "512"],
        ["--name", "mine", "--resume", "--accumulate", "2"],
        ["--name", "mine", "--accumulate", "0"],
        ["--name", "mine", "--size", "enormous"],
        ["--name", "mine", "--steps", "0"],
        ["--name", "mine", "--lora"],
        [],
    ],
    ids=" ".join,
)
def test_contradictions_are_wrong_arguments(meloformer, songs: Path, arguments: list[str]) -> None:
    outcome = meloformer("train", songs, *arguments)
    assert outcome.code == 2
    assert outcome.err != ""


@pytest.mark.parametrize("verb", ["prepare", "train", "evaluate"])
def test_a_folder_without_music_is_one_line_and_exit_1(
    meloformer, tiny: Path, tmp_path: Path, verb: str
) -> None:
    (tmp_path / "empty").mkdir()
    arguments = {
        "prepare": [tmp_path / "empty", "--out", tmp_path / "data"],
        "train": [tmp_path / "empty", "--name", "mine", "--presets", tiny, "--runs", tmp_path / "runs"],
        "evaluate": ["band", tmp_path / "empty", "--presets", tiny],
    }
    outcome = meloformer(verb, *arguments[verb])
    assert outcome.code == 1
    assert "no .mid file" in outcome.err

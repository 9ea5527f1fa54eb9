"""`evaluate` lets a preset play, measures it beside real music, copy and another piece, and shows it all."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copy

import pytest

from meloformer.model.midi import read
from meloformer.presets.reader import find
from meloformer.presets.reader import read as read_preset
from meloformer.scripts import audition, bench_sampling
from meloformer.scripts.answers import Ask, answered, answers
from meloformer.scripts.audition import SEEDS
from meloformer.scripts.player import player
from meloformer.scripts.report import joined
from meloformer.scripts.tables import Grid, in_page
from tunes import tune, write_tunes


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tunes of 90 bars, of which one is held out."""
    folder = tmp_path_factory.mktemp("songs")
    write_tunes(folder, 4, bars=90)
    return folder


def test_a_thorough_evaluation_leaves_tables_numbers_and_a_page(
    meloformer, songs: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audition, "RANDOM_TO_ONE", 2)
    monkeypatch.setattr(audition, "BARS", 20)
    numbers, report = tmp_path / "numbers.json", tmp_path / "report"
    where = ["--presets", tiny, "--json", numbers, "--report", report]
    outcome = meloformer("evaluate", "band", songs, "--prompts", 1, "--no-baselines", *where)
    assert (outcome.code, outcome.err) == (0, "")
    said = json.loads(numbers.read_text())
    assert set(said["music"]["measures"]) == {"real", "copy", "another piece", "band"}
    assert said["music"]["measures"]["copy"]["echo"]["mean"] == 1
    assert said["music"]["hazards"]["band"]["answers"] == 2
    assert said["music"]["long"]["real"]["similarity_error"] == 0
    page = (report / "report.html").read_text()
    for name in ("01.png", "01-real.png", *(f"01-seed{seed}.mid" for seed in SEEDS)):
        assert (report / name).stat().st_size > 0
        assert name in page
    assert len(read(report / "01-seed1.mid").meters) == 24


def test_without_prompts_only_bits_are_measured(meloformer, songs: Path, tiny: Path) -> None:
    outcome = meloformer("evaluate", "band", songs, "--presets", tiny, "--prompts", 0, "--no-baselines")
    assert outcome.code == 0
    assert "per bar" in outcome.out
    assert "another piece" not in outcome.out


def test_a_preset_whose_music_is_not_held_out_answers_nothing_and_says_so(
    meloformer, songs: Path, tiny: Path, tmp_path: Path
) -> None:
    copy(tiny / "band.safetensors", tmp_path)
    said = "format: 1\nname: solo\nweights: band.safetensors\nparts: []\ncontrols: {programs: drums}\n"
    (tmp_path / "solo.yaml").write_text(said)
    outcome = meloformer("evaluate", "solo", songs, "--presets", tmp_path, "--prompts", 1, "--no-baselines")
    assert outcome.code == 0
    assert "no answers: no held-out piece in the families of solo's instruments" in outcome.out


def test_an_answer_is_the_same_on_any_number_of_cores(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = read_preset(find("band", tiny))
    asks = [Ask(tune(0, bars=2), 1, seed) for seed in (1, 2)]
    told: list[int] = []
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    together = answers(preset, asks, "cpu", told.append)
    performer = player(preset, preset.sampling, "cpu")
    assert together == [answered(performer, ask) for ask in reversed(asks)][::-1]
    assert told == [1, 2]


def test_joined_scores_are_the_piece_they_were_cut_from() -> None:
    piece = tune(3, bars=6)
    assert joined(piece.bars(0, 4), piece.bars(4, 6)) == piece


def test_a_page_shows_text_as_it_is() -> None:
    assert "<td>A &amp; B</td>" in in_page(Grid("", ["name"], [["A & B"]]))


def test_ways_of_choosing_notes_are_set_beside_a_copy(
    meloformer, songs: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_sampling, "TEMPERATURES", (0.5,))
    monkeypatch.setattr(bench_sampling, "TOP_PS", (0.5,))
    monkeypatch.setattr(bench_sampling, "MIN_PS", ())
    monkeypatch.setattr(bench_sampling, "ECHOES", (0.5,))
    monkeypatch.setattr(bench_sampling, "MEMORIES", (1.0,))
    store = tmp_path / "data"
    assert meloformer("prepare", songs, "--out", store).code == 0
    outcome = meloformer("bench", "sampling", store, "--presets", tiny, "--prompts", 2)
    assert outcome.code == 0
    copy, cool, echoing, remembering = map(json.loads, outcome.out.splitlines())
    assert (copy["who"], copy["echo"]) == ("copy", 1)
    assert (cool["temperature"], cool["memory"], remembering["memory"]) == (0.5, 0, 1)
    assert (cool["echo_at"], echoing["echo_at"]) == (1, 0.5)
    assert {"distance", "nearer_than_copy", "nearer_than_another", "groove"} < set(cool)

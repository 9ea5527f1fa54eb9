"""`meloformer infill`: from file to file."""

from __future__ import annotations

from pathlib import Path

import pytest

from meloformer.model.midi import read, read_raw, write
from meloformer.presets import SHIPPED
from meloformer.scripts.infill_verb import span
from meloformer.scripts.phrase import phrase

BAR = 4 * 480


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """Our phrase as a MIDI file: four bars."""
    write(phrase(), tmp_path / "heard.mid")
    return tmp_path / "heard.mid"


def outside(file: Path, first: int, last: int) -> list[list[tuple[int, int, int, int]]]:
    """The notes of each track that do not begin in these bars, counted from 1; no track without any."""
    low, high = (first - 1) * BAR, last * BAR
    tracks = [
        sorted((n.time, n.pitch, n.duration, n.velocity) for n in track.notes if not low <= n.time < high)
        for track in read_raw(file).tracks
    ]
    return [track for track in tracks if track]


@pytest.mark.parametrize("bars", [(2, 3), (1, 1), (4, 4), (1, 4)])
def test_the_default_preset_makes_these_bars_anew_and_no_others(
    meloformer, heard: Path, tmp_path: Path, bars: tuple[int, int]
) -> None:
    first, last = bars
    target = tmp_path / "new.mid"
    outcome = meloformer("infill", heard, target, "--bars", f"{first}-{last}", "--presets", SHIPPED)
    assert (outcome.code, outcome.err) == (0, "")
    assert outside(target, first, last) == outside(heard, first, last)
    before, after = read(heard), read(target)
    if last < 4:
        assert after.meters == before.meters
    assert after.tempos == before.tempos
    assert set(after.instruments()) <= set(before.instruments())
    assert after.notes != before.notes


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    meloformer, tiny: Path, heard: Path, tmp_path: Path
) -> None:
    for name, seed in (("a.mid", 1), ("b.mid", 1), ("c.mid", 2)):
        said = ["infill", heard, tmp_path / name, "--bars", "2", "--seed", seed, "--presets", tiny]
        assert meloformer(*said).code == 0
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    assert (tmp_path / "a.mid").read_bytes() != (tmp_path / "c.mid").read_bytes()


def test_bars_are_counted_from_one_and_both_are_included() -> None:
    assert span("5-8") == (4, 8)
    assert span("5") == (4, 5)


@pytest.mark.parametrize("bars", ["", "0-2", "3-2", "two", "1-", "1-2-3", "-1", "1.5-2"])
def test_what_is_no_range_is_refused(meloformer, heard: Path, tiny: Path, tmp_path: Path, bars: str) -> None:
    outcome = meloformer("infill", heard, tmp_path / "out.mid", f"--bars={bars}", "--presets", tiny)
    assert outcome.code == 2
    assert "--bars" in outcome.err
    assert not (tmp_path / "out.mid").exists()


@pytest.mark.parametrize("bars", ["5-5", "2-9", "400-500"])
def test_bars_that_the_file_does_not_have_are_refused_with_those_it_has(
    meloformer, heard: Path, tiny: Path, tmp_path: Path, bars: str
) -> None:
    outcome = meloformer("infill", heard, tmp_path / "out.mid", "--bars", bars, "--presets", tiny)
    assert outcome.code == 2
    assert "4 bars" in " ".join(outcome.err.replace("│", " ").split())
    assert not (tmp_path / "out.mid").exists()

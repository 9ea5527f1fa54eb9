"""`meloformer demo`: a file, a picture and a sound."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from meloformer.model.midi import read
from meloformer.scripts.phrase import phrase


def test_a_demo_leaves_a_file_and_a_picture(meloformer, tiny: Path, tmp_path: Path) -> None:
    outcome = meloformer("demo", "--out", tmp_path / "new", "--bars", 2, "--presets", tiny)
    assert outcome.code == 0
    assert read(tmp_path / "new" / "demo.mid").bars(0, 4) == phrase()
    assert (tmp_path / "new" / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert "demo.mid" in outcome.out
    assert "demo.png" in outcome.out


@pytest.mark.needs("fluidsynth")
def test_where_fluidsynth_is_a_demo_can_be_heard(meloformer, tiny: Path, tmp_path: Path) -> None:
    outcome = meloformer("demo", "--out", tmp_path, "--bars", 1, "--presets", tiny)
    assert (tmp_path / "demo.wav").read_bytes().startswith(b"RIFF")
    assert "demo.wav" in outcome.out


def test_what_cannot_be_made_is_said_and_does_not_spoil_the_rest(
    meloformer, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = meloformer("demo", "--out", tmp_path, "--bars", 1, "--presets", tiny)
    assert outcome.code == 0
    assert (tmp_path / "demo.mid").is_file()
    assert "no demo.png: matplotlib" in outcome.out
    assert "no demo.wav: FluidSynth" in outcome.out

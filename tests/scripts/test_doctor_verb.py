"""`meloformer doctor`: what works here, and what to do about the rest."""

from __future__ import annotations

from pathlib import Path

from meloformer.scripts.checkup import Finding
from meloformer.scripts.doctor_verb import line


def test_a_healthy_machine_is_told_so_with_the_speed_of_the_preset(meloformer, tiny: Path) -> None:
    outcome = meloformer("doctor", "--presets", tiny)
    assert (outcome.code, outcome.err) == (0, "")
    assert "a message crossed loopback" in outcome.out
    assert "tokens a second" in outcome.out
    assert "MIDI" in outcome.out


def test_without_a_preset_that_plays_the_doctor_fails_on_one_line(meloformer, tmp_path: Path) -> None:
    outcome = meloformer("doctor", "--presets", tmp_path)
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "band" in outcome.err
    assert "OSC" in outcome.out


def test_weights_that_cannot_be_read_are_named(meloformer, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "band.yaml").write_text((tiny / "band.yaml").read_text())
    (tmp_path / "band.safetensors").write_bytes(b"nothing")
    outcome = meloformer("doctor", "--presets", tmp_path)
    assert outcome.code == 1
    assert "band.safetensors" in outcome.err


def test_advice_is_given_only_where_it_is_needed() -> None:
    assert line(Finding("ok", "OSC", "fine", "do this")) == "ok OSC     fine"
    assert line(Finding("!!", "OSC", "broken", "do this")).splitlines()[1].strip() == "do this"

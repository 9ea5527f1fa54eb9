"""`meloformer doctor`: what works here, and what to do about the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from meloformer.bridge.settings import LOOPBACK, Endpoint
from meloformer.bridge.transports.osc import OscWire
from meloformer.scripts import checkup
from meloformer.scripts.checkup import NO_MIDI, OSC_ALONE, Finding
from meloformer.scripts.doctor_verb import line, verdict


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


def test_all_is_well_only_where_nothing_is_wrong() -> None:
    assert verdict([]) == "all well: `meloformer bridge` can start"


def test_without_midi_the_bridge_can_start_and_what_it_cannot_do_is_said() -> None:
    said = verdict([Finding("!!", "MIDI", "no MIDI system works here", NO_MIDI, limit=OSC_ALONE)])
    assert said == "`meloformer bridge` can start; OSC works, MIDI does not (the advice stands above)"


def test_where_the_port_is_taken_the_bridge_can_start_only_at_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = OscWire(Endpoint(LOOPBACK, 0), Endpoint(LOOPBACK, 1), lambda _: None)
    try:
        usual = replace(checkup.Settings(Path(), "band"), osc=there.endpoint)
        monkeypatch.setattr(checkup, "Settings", lambda presets, preset: usual)
        finding = checkup._port_is_free()
    finally:
        there.close()
    assert finding.said == f"{there.endpoint} is taken"
    assert "a bridge, or another program, is there already" in finding.advice
    assert finding.option.startswith(f"--osc {LOOPBACK}:")
    assert str(there.endpoint) not in finding.option
    assert verdict([finding]) == f"`meloformer bridge {finding.option}` can start"

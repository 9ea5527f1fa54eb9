"""A bridge that plays takes over, by name, what `meloformer train` has just written beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kit import Bridge, running_bridge, wait_until
from meloformer.model import shape
from meloformer.model.midi import read
from meloformer.model.shape import Shape
from playing import BRISK, assert_answered, send_phrase
from tunes import write_tunes


def test_a_running_bridge_plays_what_was_trained_meanwhile_and_continue_plays_it_too(
    meloformer, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shape.SIZES, "tiny", Shape(width=64, layers=1, kv_heads=1))
    presets = shutil.copytree(tiny, tmp_path / "presets")
    songs = tmp_path / "songs"
    write_tunes(songs, 5)
    with running_bridge("--presets", str(presets), "--seed", "1") as bridge:
        bridge.send("/melo/transport/tempo", BRISK)
        where = ["--presets", presets, "--runs", tmp_path / "runs", "--seq-len", 64]
        trained = meloformer("train", songs, "--name", "mine", "--from", "band", "--steps", 5, *where)
        assert (trained.code, trained.err) == (0, "")
        bridge.send("/melo/preset/load", "mine")
        wait_until(lambda: "mine" in loaded(bridge), "the new preset")
        send_phrase(bridge)
        assert_answered(bridge)
        assert not bridge.client.all("/melo/error")

    longer = tmp_path / "longer.mid"
    chosen = ["--preset", "mine", "--presets", presets, "--bars", 4]
    assert meloformer("continue", songs / "tune1.mid", longer, *chosen).code == 0
    song, both = read(songs / "tune1.mid"), read(longer)
    assert len(both.notes) > len(song.notes)
    assert len(both.meters) > len(song.meters)


def loaded(bridge: Bridge) -> list[str]:
    """The presets that it has taken over so far."""
    return [message.arguments[0] for message in bridge.client.all("/melo/preset/loaded")]

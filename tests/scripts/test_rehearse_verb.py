"""`meloformer rehearse`: a session once more, without wires and faster than time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mido
import pytest

from meloformer.model.midi import write
from meloformer.scripts.phrase import phrase


@pytest.fixture
def heard(tmp_path: Path) -> Path:
    """Our phrase as a MIDI file."""
    write(phrase(), tmp_path / "heard.mid")
    return tmp_path / "heard.mid"


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[..., Path]:
    """A file of events, written by hand: each is seconds, an address and its arguments."""

    def make(*events: tuple[float, str, list[Any]]) -> Path:
        lines: list[dict[str, Any]] = [{"kind": "take", "format": 1, "preset": "band", "seed": 3}]
        for seconds, address, arguments in events:
            lines.append({"s": seconds, "kind": "osc_in", "address": address, "arguments": arguments})
        file = tmp_path / "scripted.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return file

    return make


PHRASE = [
    (0.0, "/melo/phrase/begin", []),
    (0.0, "/melo/phrase/note", [0.0, 1.0, 1, 60, 90]),
    (0.0, "/melo/phrase/note", [2.0, 1.0, 1, 64, 90]),
    (1.0, "/melo/continue", [2]),
]


def test_a_midi_file_is_heard_as_if_it_were_played_and_is_answered(
    meloformer, tiny: Path, heard: Path, tmp_path: Path
) -> None:
    outcome = meloformer("rehearse", heard, tmp_path / "out.mid", "--presets", tiny)
    assert outcome.code == 0
    assert "/melo/state listening" in outcome.out
    assert "/melo/out/begin 1 4" in outcome.out
    assert "0 late" in outcome.out
    assert "0 notes left sounding" in outcome.out
    tracks = [track.name for track in mido.MidiFile(tmp_path / "out.mid").tracks]
    assert any(name.startswith("player") for name in tracks)
    assert any(name.startswith("model") for name in tracks)


def test_a_rehearsal_rehearsed_is_the_same(meloformer, tiny: Path, heard: Path, tmp_path: Path) -> None:
    meloformer("rehearse", heard, tmp_path / "one.mid", "--presets", tiny)
    meloformer("rehearse", tmp_path / "one.jsonl", tmp_path / "two.mid", "--presets", tiny)
    assert (tmp_path / "one.mid").read_bytes() == (tmp_path / "two.mid").read_bytes()


def test_events_can_be_written_by_hand_and_what_the_bridge_refuses_is_shown(
    meloformer, tiny: Path, scripted: Callable[..., Path]
) -> None:
    wrong = [(2.0, "/melo/continu", [2]), (2.5, "/melo/control/temperature", [9.0])]
    outcome = meloformer("rehearse", scripted(*PHRASE, *wrong), "--presets", tiny)
    assert outcome.code == 0
    assert "/melo/out/begin 1 2" in outcome.out
    assert "did you mean /melo/continue?" in outcome.out
    assert "2 messages refused" in outcome.out


def test_a_preset_that_is_asked_for_is_found_in_the_folder(
    meloformer, tiny: Path, scripted: Callable[..., Path]
) -> None:
    loads = [(0.5, "/melo/preset/load", ["band"]), (0.6, "/melo/preset/load", ["gone"])]
    outcome = meloformer("rehearse", scripted(*loads, (0.7, "/melo/preset/list", [])), "--presets", tiny)
    assert "/melo/preset/failed gone" in outcome.out
    assert "/melo/presets band" in outcome.out


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("song.mid", b"not music", "neither a take (.jsonl) nor a MIDI file"),
        ("take.jsonl", b'{"kind":"take","format":99}\n', "no take of format 1"),
        ("take.jsonl", b'{"kind":"take","format":1}\n{"kind":"osc_in"}\n', "none of a take's"),
        ("gone.mid", None, "gone.mid"),
    ],
)
def test_a_file_that_holds_no_events_is_named(
    meloformer, tiny: Path, tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    outcome = meloformer("rehearse", tmp_path / name, "--presets", tiny)
    assert outcome.code == 1
    assert says in outcome.err
    assert outcome.err.count("\n") == 1

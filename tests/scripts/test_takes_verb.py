"""`meloformer takes`: what was kept is listed, exported, and answered again as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import mido
import pytest
import torch

from meloformer.bridge import running
from meloformer.bridge.engine.messages import (
    Ask,
    Choose,
    Ended,
    FromEngine,
    Heard,
    Infill,
    Load,
    Loaded,
    Quit,
    Reset,
    Said,
    Sampling,
    Stop,
    ToEngine,
    Vary,
)
from meloformer.bridge.engine.worker import Worker
from meloformer.bridge.session.actions import Tell
from meloformer.bridge.session.events import Tick
from meloformer.bridge.session.machine import begin
from meloformer.bridge.takes.noted import Noted
from meloformer.bridge.takes.recorder import Recorder
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.limits import Rules
from meloformer.model.network import Network
from meloformer.model.score import Meter
from meloformer.model.shape import Shape
from meloformer.model.weights import save
from meloformer.presets import reader

NATURAL = Sampling(temperature=1.0, top_p=0.95, min_p=0.02, echo=0.6, memory=0.3)


def phrase(seed: int) -> list[ToEngine]:
    notes = [(12 * place, pitch) for place, pitch in enumerate((60, 62, 64, 65))]
    events = [e for t, p in notes for e in (Heard(NoteOn(t, 0, p, 20)), Heard(NoteOff(t + 11, 0, p)))]
    return [Reset(seed), Heard(BarStart(0, Meter(4, 4))), *events]


@pytest.fixture(scope="module")
def takes(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One take of a real engine, which answered, was stopped, was asked for more, and answered by rules.

    In its last answer another model takes over.
    """
    other = tmp_path_factory.mktemp("other") / "other.safetensors"
    torch.manual_seed(9)
    save(Network(Shape(width=64, layers=1, kv_heads=1)), other, {})
    preset = reader.read(tiny / "band.yaml")
    told: list[tuple[bool, Any]] = []
    inbox: SimpleQueue[Any] = SimpleQueue()

    def say(*messages: ToEngine) -> None:
        for message in messages:
            told.append((True, message))
            inbox.put(message)

    def hear(message: FromEngine) -> None:
        told.append((False, message))
        if isinstance(message, Loaded) and message.name == "band":
            say(*phrase(3), Ask("1", 2, NATURAL, None))
        elif isinstance(message, Said) and message.request == "2" and len(told) % 5 == 0:
            say(Stop("2"))
        elif isinstance(message, Said) and message.request == "9" and isinstance(message.event, BarStart):
            say(*loads.pop(message.event.tick, []))
        elif isinstance(message, Ended):
            say(*after[message.request])

    after: dict[str, list[ToEngine]] = {
        "1": [Ask("2", 8, NATURAL, None)],
        "2": [Ask("3", 1, NATURAL, None)],
        "3": [*phrase(4), Ask("4", 2, NATURAL, (0, 128), Rules(scale=(0, 4, 7), chords=(0,)))],
        "4": [Vary("5", 1, NATURAL, None), Vary("6", 1, NATURAL, None)],
        "5": [],
        "6": [Choose("5"), Ask("7", 1, NATURAL, None), Infill("8", 1, 1, 2, NATURAL, None)],
        "7": [],
        "8": [*phrase(5), Ask("9", 6, NATURAL, None)],
        "9": [Quit()],
    }
    loads: dict[int, list[ToEngine]] = {2 * 96: [Load("other", str(other), "cpu")]}
    say(Load("band", str(preset.weights), "cpu"))
    Worker(inbox, beside=lambda work: work()).run(hear)
    folder = tmp_path_factory.mktemp("takes")
    recorder = Recorder(folder, begin(preset, "1.2.3", "cpu", 100.0), lambda _: None)
    running.start(recorder.serve, "take")
    for place, (ours, message) in enumerate(told):
        state = begin(preset, "1.2.3", "cpu", 100.0)
        event, actions = (Tick(), (Tell(message),)) if ours else (message, ())
        recorder.note(Noted(100.0 + place, event, actions, state))
    recorder.close()
    return folder


def name(takes: Path) -> str:
    return next(takes.glob("*.jsonl")).stem


def test_a_replayed_take_gives_the_same_answers(meloformer, takes: Path) -> None:
    outcome = meloformer("takes", "replay", name(takes), "--takes", takes)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert len(lines) == 9 and all(line.endswith("as it was") for line in lines)


def test_a_model_that_took_over_inside_an_answer_does_so_again_at_that_bar(takes: Path) -> None:
    lines = [json.loads(line) for line in next(takes.glob("*.jsonl")).read_text().splitlines()]
    said = [line["message"] for line in lines if line["kind"] == "engine"]
    kinds = [(each["kind"], each.get("name") or each.get("request")) for each in said]
    assert kinds.index(("said", "9")) < kinds.index(("loaded", "other")) < kinds.index(("ended", "9"))


def test_an_answer_that_is_another_one_now_is_found(meloformer, takes: Path, tmp_path: Path) -> None:
    file = next(takes.glob("*.jsonl"))
    (tmp_path / file.name).write_text(file.read_text().replace('"seed":4', '"seed":5'))
    outcome = meloformer("takes", "replay", file.stem, "--takes", tmp_path)
    assert outcome.code == 1
    assert "answers are other ones now" in outcome.err


def test_a_take_cut_short_by_a_crash_is_replayed_as_far_as_it_goes(
    meloformer, takes: Path, tmp_path: Path
) -> None:
    file = next(takes.glob("*.jsonl"))
    text = file.read_text()
    (tmp_path / file.name).write_text(text[: text.index('"kind":"ended"') - 40])
    outcome = meloformer("takes", "replay", file.stem, "--takes", tmp_path)
    assert outcome.code == 0 and "answer 1" in outcome.out


def test_the_list_tells_what_each_take_holds(meloformer, takes: Path) -> None:
    outcome = meloformer("takes", "list", "--takes", takes)
    assert outcome.out.startswith(name(takes))
    assert "band, seed" in outcome.out and "9 answers" in outcome.out


def test_a_side_of_a_take_is_exported_with_its_tempo(meloformer, takes: Path, tmp_path: Path) -> None:
    midi = mido.MidiFile()
    for track in ("conductor", "player 1", "model 1", "model 10"):
        midi.add_track(track).append(mido.Message("note_on", note=60, velocity=0))
    file = next(takes.glob("*.jsonl"))
    shutil.copy(file, tmp_path)
    midi.save(tmp_path / f"{file.stem}.mid")
    target = tmp_path / "side.mid"
    assert meloformer("takes", "export", file.stem, target, "--only", "model", "--takes", tmp_path).code == 0
    assert [track.name for track in mido.MidiFile(target).tracks] == ["conductor", "model 1", "model 10"]


@pytest.mark.parametrize("text", ["", "{}\n", "null\n", '{"format": 9}\n', "no json\n"])
def test_what_is_no_take_is_refused_in_one_line(meloformer, tmp_path: Path, text: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    outcome = meloformer("takes", "list", "--takes", tmp_path)
    assert outcome.code == 1 and "x.jsonl" in outcome.err


def test_a_take_that_is_not_there_is_named_with_those_that_are(meloformer, takes: Path) -> None:
    outcome = meloformer("takes", "replay", "nothing", "--takes", takes)
    assert outcome.code == 1 and name(takes) in outcome.err


def test_every_line_of_a_take_is_json_with_its_seconds(takes: Path) -> None:
    heading, *lines = map(json.loads, next(takes.glob("*.jsonl")).read_text().splitlines())
    assert heading["kind"] == "take"
    assert [line["s"] for line in lines] == sorted(line["s"] for line in lines)


def test_a_folder_that_is_not_there_is_told_with_the_way_out(meloformer, tmp_path: Path) -> None:
    outcome = meloformer("takes", "list", "--takes", tmp_path / "gone")
    assert outcome.code == 1 and "name the one that bridge --takes was given" in outcome.err

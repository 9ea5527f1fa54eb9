"""A take is whole at every moment, says who played what, and a disk that is full ends nothing else."""

from __future__ import annotations

import io
import json
import resource
import signal
from pathlib import Path
from queue import SimpleQueue

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import PATIENCE_S, running_bridge, wait_until
from meloformer.bridge import incoming as osc
from meloformer.bridge import running
from meloformer.bridge.errors import BridgeError, Code
from meloformer.bridge.midi import MidiNote
from meloformer.bridge.outgoing import Error
from meloformer.bridge.session.events import TakeLost
from meloformer.bridge.session.machine import begin, step
from meloformer.bridge.takes.latency import Latencies
from meloformer.bridge.takes.noted import Noted, lines_of
from meloformer.bridge.takes.recorder import Recorder
from meloformer.bridge.takes.tape import Tape
from meloformer.bridge.takes.taping import Taping
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from playing import assert_answered, send_phrase
from rehearsal import BAND, Rehearsal

BAR = BarStart(96, Meter(4, 4))


class Kept(Rehearsal):
    """A rehearsed session and everything that a take would note of it."""

    def __init__(self) -> None:
        self.notes: list[Noted] = []
        self.start = begin(BAND, "1.2.3", "cpu", 100.0)
        super().__init__()

    def happens(self, *events):  # type: ignore[no-untyped-def]
        first = len(self.done)
        for event in events:
            self.state, actions = step(self.state, event, self.now)
            self.done += [(self.now, action) for action in actions]
            self.notes.append(Noted(self.now, event, actions, self.state))
        return [action for _, action in self.done[first:]]


@pytest.fixture
def session() -> Kept:
    """A phrase of one note on the first beat, and its answer of one note on the fifth."""
    session = Kept()
    session.midi(MidiNote(1, 60, 90))
    session.waits(beats=1)
    session.midi(MidiNote(1, 60, 0))
    session.receives(osc.PhraseEnd())
    session.says(BAR, NoteOn(96, 0, 64, 20), NoteOff(120, 0, 64), end="done")
    session.waits(beats=8)
    return session


def taped(session: Kept) -> mido.MidiFile:
    taping = Taping(session.start)
    for noted in session.notes:
        taping.take(noted)
    return mido.MidiFile(file=io.BytesIO(taping.tape.content(session.now)))


def placed(midi: mido.MidiFile, track: str) -> list[tuple[float, str, int]]:
    """Beat, type and pitch of a track's notes."""
    (found,) = [each for each in midi.tracks if each.name == track]
    tick, notes = 0, []
    for message in found:
        tick += message.time
        if message.type.startswith("note"):
            notes.append((tick / midi.ticks_per_beat, "on" if message.velocity else "off", message.note))
    return notes


def test_player_and_model_are_apart_and_in_time(session: Kept) -> None:
    midi = taped(session)
    assert [track.name for track in midi.tracks[1:]] == ["player 1", "model 1"]
    assert placed(midi, "player 1") == [(0.0, "on", 60), (1.0, "off", 60)]
    assert placed(midi, "model 1") == [(4.0, "on", 64), (5.0, "off", 64)]


def test_the_conductor_knows_tempo_meter_seed_and_what_began(session: Kept) -> None:
    conductor = list(taped(session).tracks[0])
    said = {(message.type, getattr(message, "text", "")) for message in conductor}
    assert {"set_tempo", "time_signature"} <= {kind for kind, _ in said}
    assert ("text", "seed 1") in said
    assert {"phrase ends", "answer 1 asked for, 4 bars", "answer 1 done"} <= {text for _, text in said}


def test_a_tempo_change_moves_no_beat_of_the_tape(session: Kept) -> None:
    session.receives(osc.TransportTempo(60.0), osc.TransportStart())
    session.midi(MidiNote(1, 62, 90))
    session.waits(beats=1)
    session.midi(MidiNote(1, 62, 0))
    (on, off) = placed(taped(session), "player 1")[-2:]
    assert off[0] - on[0] == pytest.approx(1.0, abs=0.01)


def test_an_echo_of_our_own_is_not_the_player(session: Kept) -> None:
    before, ours = placed(taped(session), "player 1"), MidiNote(1, 64, 82)
    session.state = session.state.with_(echoes=((session.now, ours),))
    session.midi(ours)
    assert placed(taped(session), "player 1") == before
    session.midi(ours)
    assert len(placed(taped(session), "player 1")) == len(before) + 2


def test_a_score_has_a_track_of_its_own() -> None:
    session = Kept()
    session.receives(osc.PhraseBegin(), osc.PhraseNote(1, 2, 3, 60, 90), osc.PhraseEnd())
    session.waits(beats=8)
    assert placed(taped(session), "player's score 3") == [(1.0, "on", 60), (3.0, "off", 60)]


def test_what_sounds_when_the_take_ends_ends_with_it(session: Kept) -> None:
    session.midi(MidiNote(1, 70, 90))
    assert [kind for _, kind, _ in placed(taped(session), "player 1")] == ["on", "off", "on", "off"]


@given(
    st.lists(
        st.tuples(st.floats(0, 2), st.integers(1, 16), st.integers(0, 127), st.integers(0, 127)), max_size=40
    )
)
def test_any_notes_make_a_file_that_can_be_read_and_is_silent_at_its_end(
    moves: list[tuple[float, int, int, int]],
) -> None:
    tape, seconds = Tape(0.0, "any"), 0.0
    tape.set_clock(0.0, 120.0, Meter(4, 4))
    for gap, channel, pitch, velocity in moves:
        seconds += gap
        tape.note(seconds, f"player {channel}", channel, pitch, velocity)
        midi = mido.MidiFile(file=io.BytesIO(tape.content(seconds)))
    notes = (
        [message for track in midi.tracks for message in track if message.type == "note_on"] if moves else []
    )
    assert sum(message.velocity > 0 for message in notes) * 2 == len(notes)


def test_the_lines_say_what_came_what_was_told_and_what_was_said(session: Kept) -> None:
    lines = [line for noted in session.notes for line in lines_of(noted, 100.0)]
    json.dumps(lines)
    kinds = [line["kind"] for line in lines]
    assert {"midi_in", "osc_in", "tell", "engine", "osc_out"} <= set(kinds)
    asks = [line for line in lines if line["kind"] == "tell" and line["message"]["kind"] == "ask"]
    assert [line["s"] for line in asks] == [0.5]


def test_an_answer_s_latency_is_counted_from_when_it_was_asked_for(session: Kept) -> None:
    latencies = Latencies()
    (line,) = [line for noted in session.notes for line in latencies.lines_of(noted, 100.0)]
    assert (line["request"], line["first_event_ms"], line["late"]) == ("1", 0.0, 0)


def test_a_recorder_writes_while_it_is_played_and_all_of_it_when_closed(
    session: Kept, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "takes", session.start, lambda _: None)
    running.start(recorder.serve, "take")
    for noted in session.notes:
        recorder.note(noted)
    wait_until(recorder.file.exists, "the first save, with nobody closing it")
    recorder.close()
    lines = recorder.file.with_suffix(".jsonl").read_text().splitlines()
    assert json.loads(lines[0])["seed"] == 1
    assert len(lines) > 10
    assert placed(mido.MidiFile(recorder.file), "model 1") == [(4.0, "on", 64), (5.0, "off", 64)]
    assert {file.suffix for file in recorder.file.parent.iterdir()} == {".mid", ".jsonl"}


def test_two_takes_of_one_second_have_two_names(session: Kept, tmp_path: Path) -> None:
    takes = [Recorder(tmp_path, session.start, lambda _: None) for _ in range(2)]
    for take in takes:
        running.start(take.serve, "take")
        take.close()
    assert len({take.file for take in takes}) == len(list(tmp_path.glob("*.mid"))) == 2


def test_a_folder_that_cannot_be_is_refused_at_the_start(session: Kept, tmp_path: Path) -> None:
    (tmp_path / "takes").touch()
    with pytest.raises(BridgeError, match=r"no takes can be kept in .* name another folder"):
        Recorder(tmp_path / "takes", session.start, lambda _: None)


def test_a_disk_that_is_full_is_told_once_and_the_session_goes_on(session: Kept, tmp_path: Path) -> None:
    told: SimpleQueue[TakeLost] = SimpleQueue()
    recorder = Recorder(tmp_path, session.start, told.put)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, usual[1]))  # no file of this process gets any longer
    try:
        running.start(recorder.serve, "take")
        for noted in session.notes:
            recorder.note(noted)
        lost = told.get(timeout=PATIENCE_S)
        recorder.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert "make room" in lost.reason and told.empty()
    session.happens(lost)
    (error,) = session.sent(Error)
    assert error.code == Code.NOT_KEPT


def test_a_bridge_that_is_killed_loses_at_most_a_second(presets: Path, tmp_path: Path) -> None:
    """Really: kill -9 after an answer; what was played before is in both files."""
    with running_bridge("--presets", str(presets), "--takes", str(tmp_path)) as bridge:
        send_phrase(bridge)
        assert_answered(bridge)
        (lines,) = tmp_path.glob("*.jsonl")
        wait_until(lambda: '"kind":"latency"' in lines.read_text(), "the answer's latency on disk")
        midi = lines.with_suffix(".mid")
        wait_until(lambda: "model 1" in [track.name for track in mido.MidiFile(midi).tracks], "the answer")
        bridge.end(signal.SIGKILL)
    assert any(track.name.startswith("player") for track in mido.MidiFile(midi).tracks)

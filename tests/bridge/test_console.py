"""What the person at the terminal reads, and that nobody who does not read it holds a note up."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from kit import PATIENCE_S, Bridge, osc_client, wait_until
from meloformer.bridge import incoming as osc
from meloformer.bridge import running
from meloformer.bridge.console import MOST_LINES, Aside, Console, bad_news, own_tempo, printed_aside
from meloformer.bridge.engine.messages import LoadFailed
from meloformer.bridge.midi import MidiTick
from meloformer.bridge.session.events import EngineStarted
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.score import Meter
from rehearsal import BAND, Rehearsal, band

FAILED = LoadFailed("band", "no device cuda")


@contextmanager
def bridge_to(presets: Path, stderr: int) -> Iterator[Bridge]:
    """A real bridge that listens, with this standard error."""
    with osc_client() as client:
        command = [sys.executable, "-m", "meloformer.scripts.cli", "bridge", "--midi", "none"]
        ports = ["--osc", "127.0.0.1:0", "--reply", f"127.0.0.1:{client.port}", "--presets", str(presets)]
        process = subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, stderr=stderr, text=True)
        bridge = Bridge(process, client)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                bridge.lines.append(line)
                if line == "listening\n":
                    break
            yield bridge
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture
def full() -> Iterator[int]:
    """The end to write to of a pipe that nobody reads and that takes no more."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    try:
        while True:
            os.write(writes, b"x" * 512)
    except BlockingIOError:
        os.set_blocking(writes, True)
    yield writes
    os.close(writes)
    os.close(reads)


def test_a_bridge_whose_errors_nobody_reads_goes_on_and_ends_when_it_is_told_to(
    presets: Path, full: int
) -> None:
    with bridge_to(presets, stderr=full) as bridge:
        bridge.send("/melo/nope")
        bridge.client.wait_for("/melo/error")
        bridge.ask("/melo/ping", "/melo/pong")
        assert bridge.end(signal.SIGTERM) == 0


def test_a_bridge_whose_readers_are_gone_goes_on_and_ends_well(presets: Path) -> None:
    reads, writes = os.pipe()
    with bridge_to(presets, stderr=writes) as bridge:
        os.close(writes)
        os.close(reads)
        assert bridge.process.stdout is not None
        bridge.process.stdout.close()
        bridge.send("/melo/nope")
        bridge.client.wait_for("/melo/error")
        bridge.send("/melo/preset/load", "band")
        bridge.client.wait_for("/melo/preset/loaded")
        bridge.ask("/melo/ping", "/melo/pong")
        assert bridge.end(signal.SIGTERM) == 0


def test_the_last_lines_come_out_and_each_by_its_own_stream(capfd: pytest.CaptureFixture[str]) -> None:
    with printed_aside():
        print("played", flush=True)
        print("broken é", file=sys.stderr, flush=True)
    print("after")
    assert capfd.readouterr() == ("played\nafter\n", "broken é\n")


class Blocked(io.RawIOBase):
    """Takes nothing until it is let."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.let: SimpleQueue[None] = SimpleQueue()

    def write(self, line: Any) -> int:
        self.let.get(timeout=PATIENCE_S)
        self.let.put(None)
        self.lines.append(line)
        return len(line)


def test_what_is_printed_while_too_many_lines_wait_is_lost_and_nobody_waits() -> None:
    beneath = Blocked()
    aside = Aside(beneath)
    running.start(aside.serve, "printing")
    for number in range(3 * MOST_LINES):
        aside.write(b"%d\n" % number)
    aside.finish()
    assert not beneath.lines
    beneath.let.put(None)
    wait_until(lambda: len(beneath.lines) >= MOST_LINES, "the lines that were kept")
    assert beneath.lines[:2] == [b"0\n", b"1\n"]
    assert len(beneath.lines) <= MOST_LINES + 1


def test_a_first_preset_that_fails_is_not_said_to_leave_another_one() -> None:
    session = Rehearsal(ready=False)
    session.happens(EngineStarted(), FAILED)
    console, said = Console(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", said)
        console.tell(FAILED, session.now, session.state)
    assert said.getvalue() == "preset band cannot be used: no device cuda\n"


def test_a_later_one_that_fails_leaves_the_one_before() -> None:
    said = bad_news(FAILED, has_model=True)
    assert said == "preset band cannot be used, the one before stays: no device cuda"


def lines_of(session: Rehearsal, *messages: osc.Incoming) -> list[str]:
    """What is printed of the answers that these messages bring about."""
    actions, said = session.receives(*messages), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", said)
        Console().tell_answers(actions, session.state)
    return said.getvalue().splitlines()


def test_an_answer_is_told_with_what_was_heard_before_it() -> None:
    session = Rehearsal(band(end="signal"))
    session.plays(60, 62, 64, 65, 67)
    assert lines_of(session, osc.PhraseEnd()) == ["heard 5 notes in 2 bars, 120 bpm; answering 4 bars"]


def test_a_phrase_that_is_given_as_a_score_is_counted_too() -> None:
    session = Rehearsal(band(end="signal"))
    session.receives(osc.TransportTempo(90.5), osc.PhraseBegin(), osc.PhraseNote(0.0, 1.0, 1, 60, 90))
    assert lines_of(session, osc.PhraseEnd()) == ["heard 1 note in 1 bar, 90.5 bpm; answering 4 bars"]


def test_a_phrase_played_freely_is_told_by_its_own_tempo() -> None:
    session = Rehearsal(replace(BAND, listen=replace(BAND.listen, end="signal", tempo="free")))
    session.plays(*[60] * 8, beats=1.2)
    (line,) = lines_of(session, osc.PhraseEnd())
    assert line == "heard 8 notes in 2 bars, 100 bpm; answering 4 bars"


def answered() -> Rehearsal:
    """A session in which a phrase was answered by a bar that is over."""
    session = Rehearsal(band(end="signal"))
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 0, 64, 20), end="done")
    session.waits(beats=20)
    return session


def test_music_that_goes_on_is_not_said_to_have_been_heard() -> None:
    assert lines_of(answered(), osc.Continue(2)) == ["playing on, 120 bpm; answering 2 bars"]


def test_music_without_end_is_told_once() -> None:
    assert lines_of(answered(), osc.Continue(0)) == ["playing on, 120 bpm; answering until stopped"]


def test_a_band_that_plays_along_says_so() -> None:
    session = Rehearsal()
    session.receives(osc.Accompany(1))
    assert lines_of(session, osc.LiveNote(1, 60, 90)) == ["playing along, 120 bpm"]


def test_the_tempo_that_nobody_has_set_is_told_with_the_way_to_another() -> None:
    assert own_tempo(Rehearsal().state) == (
        "tempo: 120 bpm, 4/4, by the bridge's own clock; play freely by your own tempo with "
        "/melo/transport/free 1 or listen.tempo: free in the preset"
    )


def test_a_tempo_that_is_played_or_comes_from_a_clock_is_not_told() -> None:
    freely, running_, led = Rehearsal(), Rehearsal(), Rehearsal()
    freely.receives(osc.TransportFree(1))
    running_.receives(osc.TransportStart())
    for _ in range(6):
        led.midi(MidiTick())
        led.waits(0.02)
    assert [own_tempo(each.state) for each in (freely, running_, led)] == [None, None, None]

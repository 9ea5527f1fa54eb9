"""The MIDI wire over real ports of a JACK server without hardware."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from subprocess import PIPE

import pytest
import rtmidi

from jack_room import JackPlayer, JackRecorder, jack_server
from kit import PATIENCE_S, wait_until
from meloformer.bridge import now
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.midi import (
    MidiContinue,
    MidiControl,
    MidiNote,
    MidiPosition,
    MidiProgram,
    MidiStart,
    MidiStop,
    MidiTick,
)
from meloformer.bridge.session.events import Played
from meloformer.bridge.settings import Backend
from meloformer.bridge.transports.midi import IN_NAME, OUT_NAME, MidiChoice, MidiWire, open_midi

JACK = MidiChoice("jack", None, None)


@pytest.fixture
def arrivals() -> list[Played]:
    return []


@pytest.fixture
def wire(jack: str, arrivals: list[Played]) -> Iterator[MidiWire]:
    opened = open_midi(JACK, arrivals.append)
    yield opened
    opened.close()


pytestmark = pytest.mark.needs("jackd")


def test_what_is_played_arrives_as_values_stamped_when_it_came(
    wire: MidiWire, arrivals: list[Played]
) -> None:
    before = now.seconds()
    messages = [[0x90, 60, 100], [0x80, 60, 64], [0x99, 36, 0], [0xB0, 64, 127], [0xC1, 33]]
    transport = [[0xFA], [0xF8], [0xF2, 8, 1], [0xFB], [0xFC]]
    with JackPlayer(IN_NAME) as player:
        for message in messages + transport:
            player.send(*message)
        wait_until(lambda: len(arrivals) == 10, "ten messages")
    assert [played.message for played in arrivals] == [
        MidiNote(1, 60, 100),
        MidiNote(1, 60, 0),
        MidiNote(10, 36, 0),
        MidiControl(1, 64, 127),
        MidiProgram(2, 33),
        MidiStart(),
        MidiTick(),
        MidiPosition(136),
        MidiContinue(),
        MidiStop(),
    ]
    assert all(before <= played.at <= now.seconds() for played in arrivals)


def test_what_the_bridge_has_no_use_for_is_passed_over(wire: MidiWire, arrivals: list[Played]) -> None:
    with JackPlayer(IN_NAME) as player:
        player.send(0xF0, 0x7E, 0x7F, 6, 1, 0xF7)
        player.send(0xE0, 0, 64)
        player.send(0x90, 60, 100)
        wait_until(lambda: arrivals, "the note")
    assert [played.message for played in arrivals] == [MidiNote(1, 60, 100)]


def test_what_is_sent_reaches_a_client_of_the_server(wire: MidiWire) -> None:
    with JackRecorder(OUT_NAME) as recorder:
        for message in (MidiNote(1, 60, 90), MidiNote(1, 60, 0), MidiControl(16, 7, 100), MidiProgram(10, 3)):
            wire.send(message)
        wait_until(lambda: len(recorder.heard) == 4, "four messages")
    assert [message for _, message in recorder.heard] == [
        [0x90, 60, 90],
        [0x80, 60, 0],
        [0xBF, 7, 100],
        [0xC9, 3],
    ]


def test_a_closed_wire_leaves_nothing_sounding(jack: str) -> None:
    wire = open_midi(JACK, lambda _: None)
    with JackRecorder(OUT_NAME) as recorder:
        for message in (MidiNote(1, 60, 90), MidiNote(2, 64, 90), MidiNote(1, 60, 0)):
            wire.send(message)
        wire.close()
        wait_until(lambda: len(recorder.heard) == 4, "the off of the note that still sounded")
    assert [note[1:] for note in recorder.notes()] == [(1, 60, 90), (2, 64, 90), (1, 60, 0), (2, 64, 0)]


def test_existing_ports_are_found_by_a_part_of_their_name(jack: str) -> None:
    synth = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "Big Synth")
    synth.open_virtual_port("midi in")
    heard: list[list[int]] = []
    synth.set_callback(lambda stamped, _: heard.append(stamped[0]))
    wire = open_midi(MidiChoice("jack", None, "big synth"), lambda _: None)
    assert wire.port_out == "Big Synth:midi in"
    wire.send(MidiNote(1, 60, 90))
    wait_until(lambda: heard, "the note at the synth")
    wire.close()
    synth.close_port()


def test_a_port_that_is_not_there_is_refused_with_those_that_are(jack: str) -> None:
    with pytest.raises(BridgeError, match=r"no MIDI port 'nobody'; there are .*system|no MIDI port 'nobody'"):
        open_midi(MidiChoice("jack", "nobody", None), lambda _: None)


def test_a_system_that_is_not_of_this_machine_is_refused_with_those_that_are() -> None:
    other = "winmm" if os.name == "posix" else "jack"
    with pytest.raises(BridgeError, match=f"no MIDI by {other} on this system; there is "):
        open_midi(MidiChoice(other, None, None), lambda _: None)


@pytest.mark.parametrize("backend", ["auto", "jack"])
def test_where_no_midi_system_works_one_sentence_says_so_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, backend: Backend
) -> None:
    def refuses(*_: object) -> None:
        raise rtmidi.SystemError("MidiInJack::initialize: JACK server not running?.")

    monkeypatch.setattr(rtmidi, "get_compiled_api", lambda: [rtmidi.API_LINUX_ALSA, rtmidi.API_UNIX_JACK])
    monkeypatch.setattr(rtmidi, "MidiIn", refuses)
    said = {
        "auto": "no MIDI system works here (tried alsa, jack)",
        "jack": "MIDI by jack cannot be opened (MidiInJack::initialize: JACK server not running?)",
    }
    with pytest.raises(BridgeError) as error:
        open_midi(MidiChoice(backend, None, None), lambda _: None)
    assert str(error.value) == f"{said[backend]}; `meloformer doctor` says what to do"


PLAYING_ON = """
from meloformer.bridge.midi import MidiNote
from meloformer.bridge.transports.midi import MidiChoice, open_midi
wire = open_midi(MidiChoice("jack", None, None), lambda _: None, print)
input("open")
for _ in range(5000):
    wire.send(MidiNote(1, 60, 90))
print(wire.gone)
"""


def test_when_the_server_ends_the_wire_goes_on_without_waiting_for_it() -> None:
    command = [sys.executable, "-c", PLAYING_ON]
    pipes = {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE, "text": True}
    with (
        jack_server() as (name, server),
        subprocess.Popen(command, env={**os.environ, "JACK_DEFAULT_SERVER": name}, **pipes) as player,
    ):
        assert player.stdout is not None
        assert player.stdout.read(4) == "open"
        server.terminate()
        server.wait()
        out, _ = player.communicate("\n", timeout=PATIENCE_S)
    assert out.count("the JACK server ended; MIDI is off until it is back") == 2
    assert player.returncode == 0


def test_without_a_server_the_reason_is_told_once_and_nothing_else_is_printed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-is-there")
    with pytest.raises(BridgeError, match="MIDI by jack cannot be opened"):
        open_midi(JACK, lambda _: None)
    assert capfd.readouterr() == ("", "")

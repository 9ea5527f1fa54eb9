"""The whole bridge, as a musician meets it: real processes, real UDP, real MIDI ports, the shipped model."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jack_room import JackPlayer, JackRecorder, MidiClock
from kit import PATIENCE_S, Bridge, running_bridge, wait_until
from meloformer.bridge.errors import Code
from meloformer.bridge.transports.midi import IN_NAME, OUT_NAME
from meloformer.bridge.transports.packing import bundle, pack
from playing import BRISK, SCALE, assert_answered, assert_silent, save_preset, send_phrase


@pytest.fixture(scope="module")
def served(presets: Path, jack: str) -> Iterator[Bridge]:
    with running_bridge("--presets", str(presets), midi="jack") as bridge:
        yield bridge


@pytest.fixture
def bridge(served: Bridge, presets: Path) -> Bridge:
    """The bridge of this module: idle, at a brisk tempo, and with nothing heard."""
    served.send("/melo/panic")
    served.send("/melo/transport/stop")
    served.send("/melo/transport/tempo", BRISK)
    served.ask("/melo/ping", "/melo/pong")
    served.client.heard.clear()
    return served


@pytest.fixture
def recorder(served: Bridge) -> Iterator[JackRecorder]:
    with JackRecorder(OUT_NAME) as recorder:
        yield recorder


def oscsend(bridge: Bridge, *message: str) -> None:
    subprocess.run(["oscsend", "127.0.0.1", str(bridge.port), *message], check=True, timeout=PATIENCE_S)


pytestmark = pytest.mark.needs("jackd")


@pytest.mark.needs("oscsend")
def test_a_phrase_by_oscsend_is_answered_on_osc_and_on_midi(bridge: Bridge, recorder: JackRecorder) -> None:
    oscsend(bridge, "/melo/phrase/begin")
    for place, pitch in enumerate(SCALE):
        oscsend(bridge, "/melo/phrase/note", "ffiii", str(place / 2), "0.5", "1", str(pitch), "90")
    oscsend(bridge, "/melo/phrase/end")
    assert_answered(bridge)
    assert_silent(recorder)
    by_osc = Counter(message.arguments[1:4] for message in bridge.client.all("/melo/out/note"))
    by_midi = Counter(tuple(note[1:]) for note in recorder.notes() if note[3])
    assert by_midi == by_osc


def test_a_phrase_played_live_by_osc_is_answered_after_a_silence(bridge: Bridge) -> None:
    for pitch in SCALE:
        bridge.send("/melo/note", 1, pitch, 90)
        time.sleep(0.06)
        bridge.send("/melo/note", 1, pitch, 0)
        time.sleep(0.06)
    assert_answered(bridge)


def test_a_phrase_played_live_by_midi_is_answered_on_midi(bridge: Bridge, recorder: JackRecorder) -> None:
    with JackPlayer(IN_NAME) as player:
        for pitch in SCALE:
            player.send(0x90, pitch, 90)
            time.sleep(0.06)
            player.send(0x80, pitch, 0)
            time.sleep(0.06)
    assert_answered(bridge)
    assert_silent(recorder)


def test_notes_sound_on_midi_at_the_time_that_osc_names(bridge: Bridge, recorder: JackRecorder) -> None:
    send_phrase(bridge)
    assert_answered(bridge)
    assert_silent(recorder)
    # JACK's period and then some; how exact notes leave, `meloformer bench bridge` measures
    assert statistics.median(lateness(bridge, recorder)) < 0.010


def test_a_midi_client_that_vanishes_in_an_answer_and_returns_is_played_to_again(bridge: Bridge) -> None:
    with JackRecorder(OUT_NAME) as first:
        send_phrase(bridge)
        wait_until(first.notes, "a note on MIDI")
    assert_answered(bridge)
    bridge.client.heard.clear()
    with JackRecorder(OUT_NAME) as again:
        send_phrase(bridge)
        assert_answered(bridge)
        assert_silent(again)


def lateness(bridge: Bridge, recorder: JackRecorder) -> list[float]:
    """Seconds between the time that OSC named for each note and its arrival by MIDI."""
    shift = time.monotonic() - time.time()
    named = sorted(message.epoch_s + shift for message in bridge.client.all("/melo/out/note"))
    sounded = [note[0] for note in recorder.notes() if note[3]]
    return [abs(came - due) for came, due in zip(sounded, named, strict=True)]


def test_saving_a_preset_while_notes_sound_swaps_it_without_a_gap(
    bridge: Bridge, presets: Path, recorder: JackRecorder
) -> None:
    send_phrase(bridge)
    bridge.client.wait_for("/melo/out/note")
    save_preset(presets, temperature=0.9)
    loaded = bridge.client.wait_for("/melo/preset/loaded")
    assert loaded.arguments[0] == "band"
    assert_answered(bridge)
    assert_silent(recorder)


def test_a_broken_preset_is_named_by_field_and_the_one_in_use_stays(bridge: Bridge, presets: Path) -> None:
    send_phrase(bridge)
    bridge.client.wait_for("/melo/out/note")
    save_preset(presets, temperature=9.0)
    name, reason = bridge.client.wait_for("/melo/preset/failed").arguments
    assert name == "band"
    assert "sampling.temperature" in reason and "0 to 2" in reason
    assert_answered(bridge)
    save_preset(presets)
    bridge.client.wait_for("/melo/preset/loaded")


def test_a_preset_that_is_not_there_is_refused_with_those_that_are(bridge: Bridge) -> None:
    bridge.send("/melo/preset/load", "evening")
    name, reason = bridge.client.wait_for("/melo/preset/failed").arguments
    assert name == "evening"
    assert "band" in reason


def test_a_bundle_of_the_future_is_taken_at_its_time(bridge: Bridge) -> None:
    sent = time.monotonic()
    bridge.send("/melo/ping", epoch_s=time.time() + 0.5)
    assert bridge.client.wait_for("/melo/pong").seconds - sent > 0.45


IDLE_S = 8.0
HOSTILE = [
    b"",
    b"\x00" * 1024,
    b"#bundle\x00" + b"\xff" * 64,
    b"/melo/note\x00\x00,iii\x00\x00\x00\x00",
    bundle(time.time(), *[pack("/melo/note", [1, 60, 90])] * 1500),
    pack("/melo/note", [1, 60, "loud"]),
    pack("/melo/note", [99, 60, 90]),
    pack("/melo/note", [1, 60]),
    pack("/melo/transport/tempo", [float("nan")]),
    pack("/melo/phrase/note", [float("inf"), 1.0, 1, 60, 90]),
    pack("/melo/transport/meter", [4, 3]),
    pack("/melo/what", []),
    pack("/" + "x" * 5000, []),
]


@pytest.mark.parametrize("datagram", HOSTILE, ids=range(len(HOSTILE)))
def test_a_bad_packet_is_answered_with_an_error_and_the_bridge_goes_on(
    bridge: Bridge, datagram: bytes
) -> None:
    bridge.client.send_bytes(bridge.port, datagram)
    code, _, reason = bridge.client.wait_for("/melo/error").arguments
    assert code in set(Code)
    assert reason
    bridge.ask("/melo/ping", "/melo/pong")


def test_noise_does_not_keep_a_phrase_from_being_answered(bridge: Bridge) -> None:
    chance = random.Random(1)
    for size in range(200):
        start = chance.choice([b"", b"/melo/", b"#bundle\x00"])
        bridge.client.send_bytes(bridge.port, start + chance.randbytes(size))
    send_phrase(bridge)
    assert_answered(bridge)


def test_a_flood_of_messages_holds_no_note_up(bridge: Bridge, recorder: JackRecorder) -> None:
    send_phrase(bridge)
    bridge.client.wait_for("/melo/out/note")
    ends_nothing = pack("/melo/note", [1, 60, 0])  # nobody answers it, so the notes that count are not lost
    for _ in range(4000):
        bridge.client.send_bytes(bridge.port, ends_nothing)
    assert_answered(bridge)
    assert_silent(recorder)
    # handled in the order in which they came, the flood would hold notes up for half a second
    assert max(lateness(bridge, recorder)) < 0.2


def test_an_idle_bridge_and_its_engine_take_less_than_a_hundredth_of_a_core(bridge: Bridge) -> None:
    """JACK wakes whoever has ports 188 times a second here; that is what bare ones cost at the same time."""
    bridge.send("/melo/stop")  # whatever an earlier test has left playing
    bridge.ask("/melo/ping", "/melo/pong")
    with bare_ports() as ports:
        before, before_bare = cpu_seconds(bridge.process.pid, bridge.engine()), cpu_seconds(ports)
        time.sleep(IDLE_S)  # the system counts in hundredths of a second
        used = cpu_seconds(bridge.process.pid, bridge.engine()) - before
        assert used - (cpu_seconds(ports) - before_bare) < IDLE_S / 100


@contextmanager
def bare_ports() -> Iterator[int]:
    """The id of a process that has the bridge's two ports, and does nothing with them."""
    command, pipe = [sys.executable, "-c", PORTS], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.communicate("close\n", PATIENCE_S)  # a client that is killed would hold the server up


PORTS = """
from meloformer.bridge.transports.midi import MidiChoice, open_midi
wire = open_midi(MidiChoice("jack", None, None), print)
print("open", flush=True)
input()
wire.close()
"""


def cpu_seconds(*processes: int) -> float:
    """What they have used so far."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def test_without_a_midi_system_the_bridge_runs_on_osc_and_says_so(
    presets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if Path("/dev/snd/seq").exists():
        pytest.skip("this machine has ALSA's sequencer")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-is-there")
    with running_bridge("--presets", str(presets), midi="auto") as bridge:
        assert any("OSC alone" in line for line in bridge.lines)
        bridge.ask("/melo/ping", "/melo/pong")
        assert not bridge.errors


def test_a_second_bridge_on_the_same_port_says_so_in_one_line(bridge: Bridge, presets: Path) -> None:
    command = [sys.executable, "-m", "meloformer.scripts.cli", "bridge", "--midi", "none"]
    command += ["--presets", str(presets), "--osc", f"127.0.0.1:{bridge.port}"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "--osc HOST:PORT" in second.stderr


@pytest.fixture
def on_bars(bridge: Bridge, presets: Path) -> Iterator[Bridge]:
    """The bridge, with answers that begin on a bar line."""
    save_preset(presets, quantise="bar")
    bridge.client.wait_for("/melo/preset/loaded")
    yield bridge
    save_preset(presets)
    bridge.client.wait_for("/melo/preset/loaded", 2)


def test_an_answer_begins_on_a_bar_line_of_the_clock_that_a_daw_sends(on_bars: Bridge) -> None:
    with JackPlayer(IN_NAME) as player, MidiClock(player, bpm=150.0) as daw:
        daw.until(1.5)
        player.send(0x90, 60, 90)
        daw.until(2.5)
        player.send(0x80, 60, 0)
        line = on_bars.client.wait_for("/melo/out/bar")
        status = on_bars.ask("/melo/status", "/melo/status").arguments
    values = dict(zip(status[::2], status[1::2], strict=True))
    assert values["clock_source"] == "midi"
    assert line.epoch_s is not None
    bar = daw.beat_at(line.epoch_s - time.time() + time.monotonic()) / 4
    assert bar == pytest.approx(round(bar), abs=0.02)  # 32 ms, on a machine that may be busy

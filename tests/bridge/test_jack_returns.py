"""A JACK server that ends and comes back: the bridge says so, plays on by OSC, and opens its ports again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jack_room import jack_server
from kit import PATIENCE_S, Bridge, running_bridge, wait_until
from meloformer.bridge.errors import Code
from meloformer.bridge.transports.midi import OUT_NAME
from playing import BRISK, assert_answered, send_phrase

pytestmark = pytest.mark.needs("jackd")
IDLE_S = 8.0
# A process of its own: this one may be a client of another server.
LISTENER = """
import queue, sys, rtmidi
heard = queue.SimpleQueue()
client = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "Listener")
while not (found := [at for at, name in enumerate(client.get_ports()) if sys.argv[1] in name]):
    pass
client.open_port(found[0])
client.set_callback(lambda stamped, _: heard.put(stamped[0]))
print("open", flush=True)
print(heard.get(), flush=True)
client.close_port()
client.delete()
"""


@contextmanager
def listener(server: str) -> Iterator[subprocess.Popen[str]]:
    """A client of this server that prints the first message that the bridge plays to it, once it is ready."""
    command = [sys.executable, "-c", LISTENER, OUT_NAME]
    environment = {**os.environ, "JACK_DEFAULT_SERVER": server}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a server of this test alone."""
    name = f"returns-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    return name


def plays_on_midi(bridge: Bridge, server: str) -> bool:
    """Whether an answer is heard at the port."""
    bridge.client.heard.clear()
    with listener(server) as process:
        send_phrase(bridge)
        assert process.stdout is not None
        first = process.stdout.readline()
        process.wait(PATIENCE_S)
    assert_answered(bridge)
    return first.startswith("[144,")


def cpu_seconds(bridge: Bridge) -> float:
    fields = Path(f"/proc/{bridge.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def again(bridge: Bridge) -> list[str]:
    return [line for line in bridge.lines if line.endswith("again\n")]


def test_ports_are_back_with_the_server_each_time_and_osc_never_goes(server: str, presets: Path) -> None:
    with (
        jack_server(server) as (_, first),
        running_bridge("--presets", str(presets), midi="jack") as bridge,
    ):
        bridge.send("/melo/transport/tempo", BRISK)
        assert plays_on_midi(bridge, server)
        first.kill()
        first.wait()
        assert_told_once(bridge)
        assert_idle(bridge)
        for returned in (1, 2):
            with jack_server(server) as (_, another):
                wait_until(lambda number=returned: len(again(bridge)) == number, "the ports")
                assert plays_on_midi(bridge, server)
                another.terminate()
                another.wait()
                assert_told_once(bridge)
        assert bridge.end() == 0
        assert sum("the JACK server ended; MIDI is off" in line for line in bridge.errors) == 3


def test_a_bridge_ends_although_its_server_stands_still(server: str, presets: Path) -> None:
    """Asked for a reply, such a server never gives one: it is left behind."""
    with jack_server(server) as (_, still), running_bridge("--presets", str(presets), midi="jack") as bridge:
        still.send_signal(signal.SIGSTOP)
        try:
            assert bridge.end() == 0
        finally:
            still.kill()
            still.wait()
            with jack_server(server):  # the next one of that name clears away what it has left
                pass


def assert_told_once(bridge: Bridge) -> None:
    """One error, and phrases are answered by OSC as ever."""
    bridge.client.wait_for("/melo/error")
    bridge.client.heard, told = [], bridge.client.all("/melo/error")
    assert [error.arguments[0] for error in told] == [Code.MIDI]
    send_phrase(bridge)
    assert_answered(bridge)
    assert not bridge.client.all("/melo/error")


def assert_idle(bridge: Bridge) -> None:
    """Looking for the server costs next to nothing."""
    before = cpu_seconds(bridge)
    time.sleep(IDLE_S)  # the system counts in hundredths of a second
    assert cpu_seconds(bridge) - before < IDLE_S / 100

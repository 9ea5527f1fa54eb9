"""An engine in another place: real processes, real sockets on loopback, the shipped model."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import zmq

from doors import Door, dial, load, open_door, talking
from kit import PATIENCE_S, running_bridge, wait_until
from meloformer.bridge.engine.lines import VERSION, to_line
from meloformer.bridge.engine.messages import Ask, Load, Loaded, LoadFailed, Said
from meloformer.bridge.engine.parcels import Farewell, Hello, Line, from_frames, to_frames
from meloformer.bridge.errors import BridgeError, Code
from meloformer.bridge.session.events import EngineDelay, EngineGone, EngineStarted
from meloformer.bridge.settings import Endpoint
from meloformer.bridge.transports import keys
from meloformer.bridge.transports.curve import dialled, hang_up
from meloformer.bridge.transports.keys import LaptopKey
from meloformer.model.events import NoteOn
from meloformer.presets import DEFAULT
from playing import BRISK, assert_all_ended, assert_answered, send_phrase
from talking import NATURAL, WEIGHTS, Talk

GREETING_BYTES = 64  # of ZMTP, which says nothing of ours
SOON_S = 5.0  # a person would wait so long for a clear word


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with open_door(tmp_path_factory.mktemp("far")) as door:
        yield door


def test_a_far_engine_answers_as_one_of_this_machine_does(door: Door) -> None:
    near = Talk()
    near.engine.tell(Load(DEFAULT, WEIGHTS, "cpu"))
    near.wait_for(Loaded)
    near.play(seed=5)
    expected = near.answer("near", bars=4)
    near.engine.stop()
    with talking(door.place, door.key) as far:
        load(far)
        far.wait_for(Loaded)
        far.play(seed=5)
        assert far.answer("far", bars=4) == expected


def test_the_delay_is_measured(door: Door) -> None:
    with talking(door.place, door.key) as talk:
        assert 0 < talk.wait_for(EngineDelay).seconds < 1


def test_weights_are_sent_once_and_then_found(tmp_path: Path) -> None:
    with open_door(tmp_path) as door:
        for _ in range(2):
            with talking(door.place, door.key) as talk:
                load(talk)
                talk.wait_for(Loaded)
            (held,) = door.held
            assert held.read_bytes() == Path(WEIGHTS).read_bytes()
            held.chmod(0o400)
            made = held.stat().st_ino
        assert door.held[0].stat().st_ino == made


def test_what_is_no_weights_is_refused_under_the_name_that_the_laptop_knows(
    door: Door, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not a tensor in sight")
    with talking(door.place, door.key) as talk:
        load(talk, str(broken), "broken")
        reason = talk.wait_for(LoadFailed).reason
        assert "broken.safetensors: these are no safetensors" in reason
        assert str(door.folder) not in reason


def test_weights_that_are_not_there_are_told_as_by_a_near_engine(door: Door, tmp_path: Path) -> None:
    with talking(door.place, door.key) as talk:
        load(talk, str(tmp_path / "none.safetensors"), "none")
        assert "check `weights` in the preset" in talk.wait_for(LoadFailed).reason


def stranger_s_key(door: Door, folder: Path) -> Path:
    """Of somebody who knows that engine, but whom it does not know."""
    _, secret = zmq.curve_keypair()
    file = folder / "stranger.key"
    file.touch(0o600)
    file.write_bytes(b" ".join((b"meloformer-laptop-key-1", LaptopKey.read(door.key).engine_public, secret)))
    return file


def test_without_the_right_key_nobody_comes_in_and_hears_so_soon(door: Door, tmp_path: Path) -> None:
    keys.make(tmp_path)
    for key in (tmp_path / keys.LAPTOP_FILE, stranger_s_key(door, tmp_path)):
        with talking(door.place, key) as talk:
            wait_until(lambda talk=talk: talk.heard, "a word", SOON_S)
            (gone,) = talk.heard
            assert isinstance(gone, EngineGone) and "refuses this key" in gone.reason


def all_of(wire: socket.socket) -> bytes:
    """What comes until the other side closes."""
    got = b""
    with suppress(ConnectionResetError):
        while more := wire.recv(4096):
            got += more
    return got


def test_who_does_not_speak_zeromq_is_shown_a_greeting_and_the_door(door: Door) -> None:
    with socket.create_connection((door.place.host, door.place.port), timeout=PATIENCE_S) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert len(all_of(wire)) <= GREETING_BYTES
    with talking(door.place, door.key) as talk:
        talk.wait_for(EngineStarted)


def test_nothing_is_said_to_whom_is_no_engine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap, zmq.Context() as context:
        place = Endpoint("127.0.0.1", trap.getsockname()[1])
        public, secret = zmq.curve_keypair()
        wire, monitor = dialled(context, place, LaptopKey(public, secret))
        trap.settimeout(PATIENCE_S)
        caught, _ = trap.accept()
        with caught:
            caught.settimeout(PATIENCE_S)
            assert len(all_of(caught)) <= GREETING_BYTES
        hang_up(wire, monitor)


def test_both_versions_are_named_where_they_differ(tmp_path: Path) -> None:
    with open_door(tmp_path, patched="lines.VERSION = 99") as door, talking(door.place, door.key) as talk:
        reason = talk.wait_for(EngineGone).reason
        assert f"the engine speaks version 99, the bridge version {VERSION}" in reason


def test_a_second_bridge_is_refused_until_the_first_has_left(door: Door) -> None:
    with talking(door.place, door.key) as first:
        first.wait_for(EngineStarted)
        second = Talk(dial(door.place, door.key))
        assert "another bridge plays with this engine" in second.wait_for(EngineGone).reason
    second.engine.start()
    second.wait_for(EngineStarted)
    second.engine.stop()


def test_an_engine_that_is_killed_is_told_of_and_is_back_when_it_is_back(tmp_path: Path) -> None:
    with open_door(tmp_path) as door, talking(door.place, door.key) as talk:
        load(talk)
        talk.wait_for(Loaded)
        port = door.place.port
        door.end(signal.SIGKILL)
        assert "broke" in talk.wait_for(EngineGone).reason
        talk.heard.clear()
        talk.engine.start()
        assert "no engine answers" in talk.wait_for(EngineGone).reason
        talk.engine.start()
        with open_door(tmp_path, port):
            load(talk)
            talk.wait_for(Loaded)
            talk.play()
            assert talk.answer("again")


def test_a_crash_of_the_model_alone_is_told_of_and_another_one_is_there(door: Door) -> None:
    with talking(door.place, door.key) as talk:
        load(talk)
        talk.wait_for(Loaded)
        (engine,) = door.children()
        os.kill(engine, signal.SIGKILL)
        assert "ended by itself" in talk.wait_for(EngineGone).reason
        talk.heard.clear()
        talk.engine.start()
        talk.wait_for(EngineStarted)


def test_a_wire_that_falls_silent_is_noticed_soon(tmp_path: Path) -> None:
    with open_door(tmp_path) as door, talking(door.place, door.key) as talk:
        talk.wait_for(EngineDelay)
        door.process.send_signal(signal.SIGSTOP)
        assert wait_until(
            lambda: [each for each in talk.heard if isinstance(each, EngineGone)], "the end", SOON_S
        )
        door.process.send_signal(signal.SIGCONT)
        talk.heard.clear()
        talk.engine.start()
        talk.wait_for(EngineStarted)


def test_a_path_from_the_wire_is_never_opened(door: Door) -> None:
    with zmq.Context() as context:
        wire, monitor = dialled(context, door.place, LaptopKey.read(door.key))
        wire.send_multipart(to_frames(Hello(VERSION, "somebody")))
        wire.send_multipart(to_frames(Line(to_line(Load("x", "/etc/passwd", "cpu")))))
        said = []
        while not isinstance(said and said[-1], Farewell):
            assert wire.poll(PATIENCE_S * 1000)
            said.append(from_frames(wire.recv_multipart()))
        assert "load is not for the wire" in said[-1].reason
        hang_up(wire, monitor)


def test_keys_are_for_the_eyes_of_their_owner(tmp_path: Path) -> None:
    assert keys.make(tmp_path / "keys")
    assert keys.make(tmp_path / "keys") is None
    for name in (keys.ENGINE_FILE, keys.LAPTOP_FILE):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    key = tmp_path / "keys" / keys.LAPTOP_FILE
    key.chmod(0o644)
    with pytest.raises(BridgeError, match="chmod 600"):
        LaptopKey.read(key)


def test_a_line_that_is_no_key_is_refused_in_words(tmp_path: Path) -> None:
    key = tmp_path / "laptop.key"
    key.touch(0o600)
    key.write_text("hunter2")
    with pytest.raises(BridgeError, match="copy the whole line"):
        LaptopKey.read(key)


def test_a_bridge_plays_with_a_far_engine_and_outlives_it(presets: Path, tmp_path: Path) -> None:
    with open_door(tmp_path) as door:
        options = ["--engine", f"tcp://{door.place}", "--key", str(door.key)]
        with running_bridge("--presets", str(presets), *options) as bridge:
            bridge.send("/melo/transport/tempo", BRISK)
            send_phrase(bridge)
            assert_answered(bridge)
            pairs = bridge.ask("/melo/status", "/melo/status").arguments
            assert dict(zip(pairs[::2], pairs[1::2], strict=True))["engine_delay_ms"] > 0
            bridge.send("/melo/control/bars", 64)
            bridge.client.heard.clear()
            send_phrase(bridge)
            bridge.client.wait_for("/melo/out/note")
            port = door.place.port
            door.end(signal.SIGKILL)
            assert bridge.client.wait_for("/melo/out/end", patience_s=SOON_S).arguments[2] == "failed"
            assert bridge.client.wait_for("/melo/error").arguments[0] == Code.ENGINE
            assert_all_ended(bridge)
            bridge.send("/melo/control/bars", 4)
            bridge.client.heard.clear()
            with open_door(tmp_path, port):
                bridge.client.wait_for("/melo/preset/loaded")
                bridge.client.heard.clear()
                send_phrase(bridge)
                assert_answered(bridge)


def test_a_bridge_with_the_wrong_key_says_so_once_and_stays(presets: Path, tmp_path: Path) -> None:
    with open_door(tmp_path) as door:
        options = ["--engine", f"tcp://{door.place}", "--key", str(stranger_s_key(door, tmp_path))]
        with running_bridge("--presets", str(presets), *options) as bridge:
            wait_until(lambda: sum("refused" in line for line in door.lines) >= 3, "a third try")
            (line,) = bridge.errors
            assert "refuses this key" in line
            bridge.ask("/melo/ping", "/melo/pong")


def test_a_bridge_that_leaves_in_the_middle_of_an_answer_takes_its_engine_with_it(door: Door) -> None:
    with talking(door.place, door.key) as talk:
        load(talk)
        talk.wait_for(Loaded)
        talk.play()
        talk.engine.tell(Ask("long", 64, NATURAL, None))
        talk.wait_for(Said, lambda said: isinstance(said.event, NoteOn))
    wait_until(lambda: not door.children(), "its end")

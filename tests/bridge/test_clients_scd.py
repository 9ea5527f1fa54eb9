"""The SuperCollider client: checked as text, and run by a real sclang where there is one."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kit import Heard, OscClient, osc_client, running_bridge, wait_until
from meloformer.bridge.border import read
from meloformer.bridge.clients import FOLDER
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING
from meloformer.bridge.transports.packing import unpack

TEXT = (FOLDER / "meloformer.scd").read_text(encoding="utf-8")
BEGIN, PHRASE = re.findall(r"^\(\n.*?^\)$", TEXT, re.MULTILINE | re.DOTALL)
LINES = re.findall(r"^~melo\.sendMsg\(.*?\);", TEXT.split(PHRASE)[1], re.MULTILINE)
SENT = re.findall(r"~melo\.sendMsg\('([^']+)'(?:, (.*?))?\)", TEXT)
RESPONDERS = re.findall(
    r"^OSCdef\('([^']+)', \{ \|message.*?^\}, '([^']+)'\);", TEXT, re.MULTILINE | re.DOTALL
)
PITCH, AHEAD_S = 60, 0.6
# The commands of scsynth are numbers, where OSC has an address: as addresses of the same size.
NEW_SYNTH, SET_NODE = "/9", "/15"

# Not among the tools of scripts/test: sclang comes with Qt and a browser, too heavy for every test.
needs_sclang = pytest.mark.skipif(
    shutil.which("sclang") is None, reason="sclang is not here; Debian's supercollider-language brings it"
)


def value(word: str) -> int | float | str:
    """An argument as sclang sends it: with a point it is a float."""
    if word == "NetAddr.langPort":
        return 57_120
    if word.startswith('"'):
        return word.strip('"')
    return float(word) if "." in word else int(word)


class Sounds:
    """What stands in for scsynth: it keeps which synths are to begin and to be released, and when."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.heard: list[Heard] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def all(self, address: str) -> list[Heard]:
        return [message for message in self.heard if message.address == address]

    def begun(self) -> list[Heard]:
        return self.all(NEW_SYNTH)

    def released(self) -> list[Heard]:
        return self.all(SET_NODE)

    def close(self) -> None:
        """Wake the thread with an empty datagram, then free the port."""
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._listener.join()
        self._socket.close()

    def _listen(self) -> None:
        while datagram := self._socket.recv(65_535):
            named = datagram.replace(b"\0\0\0\x09,", b"/9\0\0,").replace(b"\0\0\0\x0f,", b"/15\0,")
            now = time.monotonic()
            self.heard += [Heard(m.address, m.arguments, now, m.epoch_s) for m in unpack(named)]


@dataclass
class Sclang:
    """An sclang process, what stands in for its sound server, and what it posted."""

    process: subprocess.Popen[str]
    sounds: Sounds
    lines: list[str] = field(default_factory=list)
    reply_port: int = 0

    def evaluate(self, code: str) -> None:
        """As an editor does it: the text, and the character that ends it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{code}\x1b")
        self.process.stdin.flush()

    def posted(self, words: str) -> None:
        wait_until(lambda: any(words in line for line in self.lines), f"sclang to post {words}")


@contextmanager
def running_sclang(bridge_port: int, home: Path) -> Iterator[Sclang]:
    """sclang with the first block evaluated, for a bridge at this port."""
    quiet = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    process = subprocess.Popen(
        ["sclang", "-i", "test"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **quiet, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)},
    )
    sounds = Sounds()
    sclang = Sclang(process, sounds)
    reader = threading.Thread(target=keep, args=(process, sclang.lines))
    reader.start()
    try:
        server = f'Server(\\test, NetAddr("127.0.0.1", {sounds.port}))'
        sclang.evaluate(f'Server.program = "true"; Server.default = {server};')
        sclang.evaluate(BEGIN.replace("7400", str(bridge_port)))
        yield sclang
    finally:
        process.kill()
        process.wait()
        reader.join()
        assert process.stdin is not None
        process.stdin.close()
        sounds.close()
        print("sclang said:", *sclang.lines, sep="\n")  # shown where the test fails


def keep(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout as stdout:
        for line in stdout:
            lines.append(line.rstrip("\n"))  # noqa: PERF401 - each as it comes


@contextmanager
def connected(home: Path, skew_s: float = 0.0) -> Iterator[tuple[OscClient, Sclang]]:
    """sclang and a bridge that is played by the test, acquainted; the bridge's clock is `skew_s` ahead."""
    with osc_client() as bridge, running_sclang(bridge.port, home) as sclang:
        (sclang.reply_port,) = bridge.wait_for("/melo/hello").arguments
        bridge.send(sclang.reply_port, "/melo/welcome", "1.2.3", "band")
        bridge.wait_for("/melo/ping")
        bridge.send(sclang.reply_port, "/melo/pong", epoch_s=time.time() + skew_s)
        yield bridge, sclang


def answer(bridge: OscClient, sclang: Sclang, kind: str, *arguments: int, at_s: float) -> None:
    bridge.send(sclang.reply_port, f"/melo/out/{kind}", *arguments, 0.0, epoch_s=at_s)


def test_the_client_sends_a_phrase_and_more() -> None:
    assert len(SENT) > len(LINES) > 10
    assert {"/melo/hello", "/melo/ping", "/melo/phrase/begin", "/melo/phrase/end"} <= {a for a, _ in SENT}


@pytest.mark.parametrize(("address", "words"), sorted(set(SENT)))
def test_every_message_that_is_sent_is_one_that_the_bridge_takes(address: str, words: str) -> None:
    values = [value(word) for word in words.split(", ")] if words else []
    read(address, values)
    tags = "".join({int: "i", float: "f", str: "s"}[type(each)] for each in values)
    assert tags == "".join(argument.tag for argument in INCOMING[address].arguments)


def test_every_address_that_is_listened_to_is_in_the_table() -> None:
    shown = re.search(r"^\[('/melo/.*)\]\.do", TEXT, re.MULTILINE)
    assert shown is not None
    heard = {address for pair in RESPONDERS for address in pair} | set(re.findall(r"'([^']+)'", shown[1]))
    assert {"/melo/out/note", "/melo/out/off", "/melo/out/end", "/melo/state", "/melo/error"} <= heard
    assert heard <= {row.address for row in OUTGOING.values()}


def test_arguments_are_taken_apart_in_the_order_of_the_table() -> None:
    rows = {row.address: row for row in OUTGOING.values()}
    bodies = re.findall(
        r"#([\w, ]+) = message\[1\.\.\d\];.*?^\}, '([^']+)'\);", TEXT, re.MULTILINE | re.DOTALL
    )
    assert len(bodies) == 2
    for names, address in bodies:
        assert names.split(", ") == [a.name for a in rows[address].arguments][: names.count(",") + 1]


@needs_sclang
def test_sclang_says_hello_and_posts_what_the_bridge_says(tmp_path: Path) -> None:
    with connected(tmp_path) as (bridge, sclang):
        bridge.send(sclang.reply_port, "/melo/state", "listening")
        bridge.send(sclang.reply_port, "/melo/error", 3, "/melo/note", "pitch takes 0 to 127")
        sclang.posted("MeloFormer: /melo/welcome 1.2.3 band")
        sclang.posted("MeloFormer: /melo/state listening")
        sclang.posted("MeloFormer: /melo/error 3 /melo/note pitch takes 0 to 127")
        assert [line for line in sclang.lines if "ERROR" in line] == []


@needs_sclang
@pytest.mark.parametrize("skew_s", [0.0, -3600.0], ids=["in time", "an hour behind"])
def test_a_note_begins_and_ends_at_its_time_tags(skew_s: float, tmp_path: Path) -> None:
    with connected(tmp_path, skew_s) as (bridge, sclang):
        time.sleep(0.2)  # for the pong, which nothing answers
        begin = time.time() + AHEAD_S
        answer(bridge, sclang, "note", 1, 1, PITCH, 90, at_s=begin + skew_s)
        answer(bridge, sclang, "off", 1, 1, PITCH, at_s=begin + skew_s + 0.5)
        wait_until(sclang.sounds.released, "the note's release")
        (new,), (release,) = sclang.sounds.begun(), sclang.sounds.released()
        assert new.arguments[0] == "melo" and new.arguments[1] == release.arguments[0]
        assert new.arguments[new.arguments.index("freq") + 1] == pytest.approx(261.63, abs=0.01)
        assert new.epoch_s == pytest.approx(begin, abs=0.02)
        assert release.epoch_s == pytest.approx(begin + 0.5, abs=0.02)


@needs_sclang
def test_a_drum_needs_no_end(tmp_path: Path) -> None:
    with connected(tmp_path) as (bridge, sclang):
        now = time.time()
        answer(bridge, sclang, "note", 1, 10, 36, 90, at_s=now + 0.2)
        answer(bridge, sclang, "off", 1, 10, 36, at_s=now + 0.3)
        answer(bridge, sclang, "note", 2, 1, PITCH, 90, at_s=now + 0.4)
        wait_until(lambda: len(sclang.sounds.begun()) == 2, "both notes")
        assert [new.arguments[0] for new in sclang.sounds.begun()] == ["meloDrum", "melo"]
        assert sclang.sounds.released() == []


@needs_sclang
def test_an_answer_that_is_stopped_is_let_go_and_not_played_to_its_end(tmp_path: Path) -> None:
    with connected(tmp_path) as (bridge, sclang):
        answer(bridge, sclang, "note", 1, 1, PITCH, 90, at_s=time.time() + 0.1)
        answer(bridge, sclang, "note", 2, 1, PITCH + 1, 90, at_s=time.time() + 2 * AHEAD_S)
        wait_until(sclang.sounds.begun, "the first note")
        bridge.send(sclang.reply_port, "/melo/out/end", "1", 2, "stopped")
        answer(bridge, sclang, "note", 3, 1, PITCH + 2, 90, at_s=time.time() + 3 * AHEAD_S)
        wait_until(lambda: len(sclang.sounds.begun()) > 1, "a note of the next answer")
        assert len(sclang.sounds.begun()) == 2
        assert [each.arguments[0] for each in sclang.sounds.released()] == [
            sclang.sounds.begun()[0].arguments[1]
        ]


@needs_sclang
def test_the_key_that_stops_sclang_stops_the_bridge_too(tmp_path: Path) -> None:
    with connected(tmp_path) as (bridge, sclang):
        sclang.evaluate("CmdPeriod.run;")
        bridge.wait_for("/melo/panic")


@needs_sclang
def test_sclang_plays_the_answer_of_a_real_bridge_and_ends_every_note(tmp_path: Path) -> None:
    with running_bridge() as bridge, running_sclang(bridge.port, tmp_path) as sclang:
        sclang.posted("MeloFormer: /melo/welcome")
        sclang.evaluate("~melo.sendMsg('/melo/transport/tempo', 240.0);")
        sclang.evaluate(PHRASE)
        told = bridge.client.wait_for("/melo/out/end")
        sounds, notes = sclang.sounds, bridge.client.all("/melo/out/note")
        assert told.arguments[2] == "done" and len(notes) == told.arguments[1] > 0
        wait_until(lambda: len(sounds.released()) == len(notes), "every note to be let go")
        assert len(sounds.begun()) == len(notes)
        assert {each.arguments[1] for each in sounds.begun()} == {
            each.arguments[0] for each in sounds.released()
        }


@needs_sclang
def test_every_line_can_be_evaluated(tmp_path: Path) -> None:
    with connected(tmp_path) as (bridge, sclang):
        for line in LINES:
            sclang.evaluate(line)
        bridge.wait_for("/melo/bye")
        sent = [message.address for message in bridge.heard]
        assert [
            address for address in INCOMING if f"'{address}'" in "".join(LINES) and address not in sent
        ] == []
        assert [line for line in sclang.lines if "ERROR" in line] == []

"""The Pure Data patch, run by a real Pd without a window, over real UDP."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from kit import OscClient, osc_client, running_bridge, wait_until
from meloformer.bridge.clients import FOLDER
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING

PATCH = FOLDER / "meloformer.pd"
QUIET = ("-nogui", "-noaudio", "-nomidi", "-noprefs", "-stderr")
PITCH, AHEAD_S = 60, 0.4

needs_pd = pytest.mark.needs("pd")


@dataclass
class Pd:
    """A Pd process with the patch open: where it awaits answers, and what it printed, with when."""

    reply_port: int
    lines: list[tuple[float, str]] = field(default_factory=list)

    def notes(self) -> list[tuple[int, ...]]:
        """(channel, pitch, velocity) in the order in which they sounded; velocity 0 is the end."""
        return [tuple(map(int, line.split()[1:])) for _, line in self.lines if line.startswith("note: ")]

    def sounded_at(self, *note: int) -> float:
        """When it sounded, in monotonic seconds."""
        wait_until(lambda: note in self.notes(), f"Pd to play {note}")
        return next(at for at, line in self.lines if line == "note: " + " ".join(map(str, note)))

    def printed(self, words: str) -> None:
        wait_until(lambda: any(words in line for _, line in self.lines), f"Pd to print {words}")


@contextmanager
def running_pd(bridge_port: int, *words: str) -> Iterator[Pd]:
    """Pd, connected to a bridge's port, then told `words` one after the other."""
    pd = Pd(free_port())
    said = ["melo-show 1", f"melo connect 127.0.0.1 {bridge_port} {pd.reply_port}", *words]
    command = ["pd", *QUIET, "-open", str(PATCH), "-send", ";".join(said)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    reader = threading.Thread(target=keep, args=(process, pd.lines))
    reader.start()
    try:
        yield pd
    finally:
        process.kill()
        process.wait()
        reader.join()


def keep(process: subprocess.Popen[str], lines: list[tuple[float, str]]) -> None:
    assert process.stderr is not None
    with process.stderr as stderr:
        for line in stderr:
            lines.append((time.monotonic(), line.rstrip("\n")))  # noqa: PERF401 - each as it comes


def free_port() -> int:
    """A UDP port that nobody uses: Pd cannot ask the system for one by itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def connected(*words: str, skew_s: float = 0.0) -> Iterator[tuple[OscClient, Pd]]:
    """Pd and a bridge that is played by the test, acquainted; the bridge's clock is `skew_s` ahead."""
    with osc_client() as bridge, running_pd(bridge.port, *words) as pd:
        bridge.wait_for("/melo/hello")
        bridge.send(pd.reply_port, "/melo/welcome", "1.2.3", "band")
        bridge.wait_for("/melo/ping")
        bridge.send(pd.reply_port, "/melo/pong", epoch_s=time.time() + skew_s)
        yield bridge, pd


def answer(bridge: OscClient, pd: Pd, kind: str, *arguments: float, ahead_s: float) -> float:
    """Send a note or its off, tagged `ahead_s` from now; returns when that is, in monotonic seconds."""
    bridge.send(pd.reply_port, f"/melo/out/{kind}", *arguments, 0.0, epoch_s=time.time() + ahead_s)
    return time.monotonic() + ahead_s


def texts_of(patch: str) -> list[str]:
    """The objects of a patch, as text."""
    return re.findall(r"#X obj \d+ \d+ ([^;]+);", patch)


def test_every_address_that_the_patch_sends_is_in_the_table() -> None:
    sent = re.findall(r"oscformat (?:-f \S+ )?(/\S+?);", PATCH.read_text())
    assert len(sent) >= 12
    assert set(sent) <= set(INCOMING)


def test_every_address_that_the_patch_listens_to_is_in_the_table() -> None:
    routes = [text.split()[1:] for text in texts_of(PATCH.read_text()) if text.startswith("route ")]
    assert ["melo"] in routes
    kinds = next(words for words in routes if "out" in words)
    notes = next(words for words in routes if words[0] == "note" and "end" in words and "off" in words)
    heard = {f"/melo/{word}" for word in kinds if word != "out"} | {f"/melo/out/{word}" for word in notes}
    known = {row.address for row in OUTGOING.values()}
    assert {"/melo/out/note", "/melo/out/off", "/melo/out/end"} <= heard
    assert not {a for a in heard if a not in known and not any(k.startswith(f"{a}/") for k in known)}


def test_the_patch_sends_each_argument_with_the_type_that_the_table_asks_for() -> None:
    for flags, address in re.findall(r"oscformat (?:-f (\S+) )?(/\S+?);", PATCH.read_text()):
        assert flags == "".join(argument.tag for argument in INCOMING[address].arguments), address


@needs_pd
def test_pd_opens_the_patch_without_a_complaint() -> None:
    with connected() as (_, pd):
        pd.printed("MeloFormer: bridge 1.2.3 band")
        assert [line for _, line in pd.lines if "error" in line or "couldn't" in line] == []


@needs_pd
def test_pd_says_hello_with_the_port_where_it_awaits_answers() -> None:
    with connected() as (bridge, pd):
        assert bridge.wait_for("/melo/hello").arguments == (pd.reply_port,)


@needs_pd
def test_pd_sends_a_phrase_as_a_score() -> None:
    with connected("melo phrase") as (bridge, _):
        bridge.wait_for("/melo/phrase/end")
        kinds = [message.address.removeprefix("/melo/phrase/") for message in bridge.heard]
        notes = [message.arguments for message in bridge.all("/melo/phrase/note")]
        assert kinds[kinds.index("begin") :][: len(notes) + 2] == ["begin", *["note"] * len(notes), "end"]
        assert len(notes) >= 8
        assert all(onset >= 0 and length > 0 and channel == 1 for onset, length, channel, _, _ in notes)
        assert max(onset + length for onset, length, *_ in notes) == 8.0


@needs_pd
@pytest.mark.parametrize(
    ("words", "address", "arguments"),
    [
        ("note 1 60 100", "/melo/note", (1, 60, 100)),
        ("continue 4", "/melo/continue", (4,)),
        ("stop", "/melo/stop", ()),
        ("panic", "/melo/panic", ()),
        ("tempo 96", "/melo/transport/tempo", (96.0,)),
        ("preset band", "/melo/preset/load", ("band",)),
        ("temperature 0.5", "/melo/control/temperature", (0.5,)),
        ("bars 8", "/melo/control/bars", (8,)),
        ("velocity 0.5", "/melo/control/velocity", (0.5,)),
    ],
)
def test_a_word_to_the_patch_is_a_message_to_the_bridge(
    words: str, address: str, arguments: tuple[object, ...]
) -> None:
    with connected(f"melo {words}") as (bridge, _):
        assert bridge.wait_for(address).arguments == arguments


@needs_pd
def test_a_note_sounds_at_its_time_tag_and_not_when_it_arrives() -> None:
    with connected() as (bridge, pd):
        meant = answer(bridge, pd, "note", 1, 1, PITCH, 90, ahead_s=AHEAD_S)
        assert pd.sounded_at(1, PITCH, 90) >= meant - 0.03


@needs_pd
def test_notes_sound_in_the_order_of_their_time_tags() -> None:
    with connected() as (bridge, pd):
        answer(bridge, pd, "off", 1, 1, PITCH, ahead_s=2 * AHEAD_S)
        answer(bridge, pd, "note", 1, 1, PITCH, 90, ahead_s=AHEAD_S)
        pd.sounded_at(1, PITCH, 0)
        assert pd.notes() == [(1, PITCH, 90), (1, PITCH, 0)]


@needs_pd
def test_a_note_that_is_struck_again_ends_before_it_begins() -> None:
    with connected() as (bridge, pd):
        answer(bridge, pd, "note", 1, 1, PITCH, 90, ahead_s=AHEAD_S)
        moment = time.time() + 2 * AHEAD_S
        bridge.send(pd.reply_port, "/melo/out/off", 1, 1, PITCH, 0.0, epoch_s=moment)
        bridge.send(pd.reply_port, "/melo/out/note", 2, 1, PITCH, 80, 0.0, epoch_s=moment)
        pd.sounded_at(1, PITCH, 80)
        assert pd.notes() == [(1, PITCH, 90), (1, PITCH, 0), (1, PITCH, 80)]


@needs_pd
@pytest.mark.parametrize("skew_s", [-3600.0, 86400.0 * 365], ids=["an hour behind", "a year ahead"])
def test_a_bridge_whose_clock_is_wrong_is_played_in_time_all_the_same(skew_s: float) -> None:
    with connected(skew_s=skew_s) as (bridge, pd):
        meant = answer(bridge, pd, "note", 1, 1, PITCH, 90, ahead_s=skew_s + AHEAD_S) - skew_s
        assert pd.sounded_at(1, PITCH, 90) >= meant - 0.03


@needs_pd
def test_an_answer_that_is_stopped_is_not_played_to_its_end() -> None:
    with connected() as (bridge, pd):
        answer(bridge, pd, "note", 1, 1, PITCH, 90, ahead_s=AHEAD_S)
        bridge.send(pd.reply_port, "/melo/out/end", "r1", 1, "stopped")
        answer(bridge, pd, "note", 2, 1, PITCH + 1, 90, ahead_s=2 * AHEAD_S)
        pd.sounded_at(1, PITCH + 1, 90)
        assert pd.notes() == [(1, PITCH + 1, 90)]


@needs_pd
def test_an_answer_that_is_done_is_played_to_its_end() -> None:
    with connected() as (bridge, pd):
        answer(bridge, pd, "note", 1, 1, PITCH, 90, ahead_s=AHEAD_S)
        bridge.send(pd.reply_port, "/melo/out/end", "r1", 1, "done")
        pd.sounded_at(1, PITCH, 90)


@needs_pd
def test_pd_prints_what_the_bridge_refuses() -> None:
    with connected() as (bridge, pd):
        bridge.send(pd.reply_port, "/melo/error", 3, "/melo/note", "pitch takes 0 to 127")
        pd.printed("MeloFormer: error 3 /melo/note")


@needs_pd
def test_pd_plays_the_answer_of_a_real_bridge_and_ends_every_note() -> None:
    with (
        running_bridge() as bridge,
        running_pd(bridge.port, "melo bars 1", "melo tempo 240", "melo phrase") as pd,
    ):
        pd.printed("MeloFormer: bridge")
        told = bridge.client.wait_for("/melo/out/end")
        expected = [message.arguments[1:4] for message in bridge.client.all("/melo/out/note")]
        assert told.arguments[2] == "done" and len(expected) == told.arguments[1] > 0
        wait_until(lambda: len(pd.notes()) >= 2 * len(expected), "Pd to play every note and its end")
        assert sorted(note for note in pd.notes() if note[2]) == sorted(expected)
        assert sounding(pd.notes()) == {}


def sounding(notes: list[tuple[int, ...]]) -> dict[tuple[int, int], int]:
    """How many notes of each channel and pitch have begun and not ended."""
    open_notes: dict[tuple[int, int], int] = {}
    for channel, pitch, velocity in notes:
        open_notes[channel, pitch] = open_notes.get((channel, pitch), 0) + (1 if velocity else -1)
    return {key: number for key, number in open_notes.items() if number}

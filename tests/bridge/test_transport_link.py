"""Ableton Link for real: a bridge and another peer in one session, in a network made for them alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest

import link_room
from kit import PATIENCE_S
from meloformer.bridge import now, running
from meloformer.bridge.session.actions import LeaveLink, LinkTempo
from meloformer.bridge.session.events import Linked
from meloformer.bridge.transports.link import PACKAGE, SAY_S, LinkWire
from meloformer.presets import DEFAULT, SHIPPED

pytestmark = pytest.mark.needs(PACKAGE, "unshare", "ip")
ROOM = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a bridge and a peer in a room of their own did, once for all tests."""
    if subprocess.run([*ROOM, "true"], capture_output=True).returncode != 0:
        pytest.skip("this system lets nobody make a network of their own")
    folder = tmp_path_factory.mktemp("presets")
    shutil.copy(SHIPPED / f"{DEFAULT}.safetensors", folder / "band.safetensors")
    command = [*ROOM, sys.executable, link_room.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10 * PATIENCE_S)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_bridge_that_joins_takes_the_tempo_that_is_there(measured: dict[str, Any]) -> None:
    assert measured["joined"] == pytest.approx(link_room.THEIR_BPM, abs=0.01)


def test_an_answer_lands_on_the_bar_lines_of_the_others(measured: dict[str, Any]) -> None:
    assert len(measured["off_ms"]) == 4
    assert max(map(abs, measured["off_ms"])) < 2.0


def test_tempo_start_and_stop_go_both_ways_and_whoever_leaves_is_gone(measured: dict[str, Any]) -> None:
    assert measured["left"] == "internal"  # each of them was waited for on the way there


def test_a_wire_says_a_few_times_a_second_where_the_session_is(measured: dict[str, Any]) -> None:
    said = [each for each in measured["said"] if each["bpm"] == pytest.approx(link_room.ALONE_BPM)]
    assert len(said) >= 6
    for before, after in pairwise(said):
        passed_s = after["seconds"] - before["seconds"]
        assert after["beat"] - before["beat"] == pytest.approx(passed_s * before["bpm"] / 60, abs=0.002)
        assert passed_s < SAY_S + 1.0  # on a machine that may be busy


def test_what_we_tell_the_session_ourselves_is_nobody_elses_start(measured: dict[str, Any]) -> None:
    assert measured["said"][-1]["bpm"] == pytest.approx(link_room.OUR_BPM)
    assert measured["said"][-1]["quantum"] == 3.0
    assert not [each for each in measured["said"] if each["pressed"] is not None]


def test_a_wire_that_has_joined_no_session_says_nothing() -> None:
    said: list[Linked] = []
    wire = LinkWire(said.append)
    running.start(wire.serve, "Link")
    wire.tell(LinkTempo(99.0, now.seconds()))
    wire.tell(LeaveLink())
    wire.close()
    assert not said

"""`meloformer engine`: what the command line says, and what a person is told."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from doors import open_door
from kit import PATIENCE_S, wait_until
from meloformer.bridge import elsewhere
from meloformer.bridge.folders import cache_folder, settings_folder
from meloformer.bridge.settings import Endpoint


def test_its_folders_are_the_user_s_own(meloformer, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(elsewhere, "run_engine", lambda *said: told.append(said))
    assert meloformer("engine", "--listen", "0.0.0.0:7410").code == 0
    assert told == [(Endpoint("0.0.0.0", 7410), settings_folder(), cache_folder() / "weights")]


def test_where_it_listens_must_be_said(meloformer) -> None:
    assert meloformer("engine").code == 2
    assert meloformer("engine", "--listen", "anywhere").code == 2


def test_without_pyzmq_it_says_what_to_install(meloformer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "find_spec", lambda name: importlib.util.find_spec(f"no_{name}"))
    outcome = meloformer("engine", "--listen", "127.0.0.1:0")
    assert outcome.code == 1
    assert "pip install meloformer[remote]" in outcome.err


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with open_door(tmp_path) as door:
        command = [sys.executable, "-m", "meloformer.scripts.cli", "engine", "--listen", str(door.place)]
        options = ["--keys", str(tmp_path / "keys"), "--cache", str(tmp_path / "held")]
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 1
        assert "choose another --listen" in done.stderr


def test_the_laptop_s_line_is_shown_once_and_a_signal_ends_it(tmp_path: Path) -> None:
    with open_door(tmp_path) as door:
        line = door.key.read_text()
        wait_until(lambda: line in door.lines, "the line")
        assert door.end(signal.SIGTERM) == 0
    with open_door(tmp_path) as again:
        assert again.key.read_text() == line
        assert line not in again.lines
        assert again.end(signal.SIGINT) == 0

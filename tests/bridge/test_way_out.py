"""Whatever ends the bridge or its engine, no note is left sounding."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from jack_room import JackRecorder
from kit import running_bridge, wait_until
from meloformer.bridge.errors import Code
from meloformer.bridge.transports.midi import OUT_NAME
from playing import BRISK, assert_all_ended, assert_answered, assert_silent, send_phrase

pytestmark = pytest.mark.needs("jackd")


def test_an_engine_killed_in_an_answer_leaves_silence_and_comes_back(presets: Path, jack: str) -> None:
    with running_bridge("--presets", str(presets), midi="jack") as bridge, JackRecorder(OUT_NAME) as recorder:
        bridge.send("/melo/transport/tempo", BRISK)
        send_phrase(bridge)
        bridge.client.wait_for("/melo/out/note", 2)
        wait_until(recorder.notes, "a note on MIDI")
        os.kill(bridge.engine(), signal.SIGKILL)
        assert bridge.client.wait_for("/melo/error").arguments[0] == Code.ENGINE
        assert bridge.client.wait_for("/melo/out/end").arguments[2] == "failed"
        assert_all_ended(bridge)
        assert_silent(recorder)
        bridge.client.heard.clear()
        bridge.client.wait_for("/melo/preset/loaded")
        send_phrase(bridge)
        assert_answered(bridge)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_bridge_told_to_end_in_an_answer_leaves_silence(
    presets: Path, jack: str, how: signal.Signals
) -> None:
    with running_bridge("--presets", str(presets), midi="jack") as bridge, JackRecorder(OUT_NAME) as recorder:
        bridge.send("/melo/transport/tempo", BRISK)
        send_phrase(bridge)
        bridge.client.wait_for("/melo/out/note", 2)
        wait_until(recorder.notes, "a note on MIDI")
        engine = bridge.engine()
        assert bridge.end(how) == 0
        assert_silent(recorder)
        wait_until(lambda: bridge.client.all("/melo/out/end"), "the end")
        assert_all_ended(bridge)
        assert not Path(f"/proc/{engine}").exists()

"""A far engine over a wire that takes its time and loses packets: two network namespaces, real processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from doors import open_door
from kit import Bridge, running_bridge
from lossy import FAR, Wire, inside, lossy_wire
from meloformer.bridge.errors import Code
from playing import BRISK, assert_all_ended, assert_answered, send_phrase

pytestmark = pytest.mark.needs("ip", "network namespaces")
LOSS = 0.01
SOON_S = 5.0
PATIENCE_S = 60.0


@contextmanager
def apart(presets: Path, folder: Path, delay_s: float, loss: float) -> Iterator[tuple[Wire, Bridge]]:
    """A bridge at one end of a wire and its engine at the other."""
    with ExitStack() as stack:
        wire = stack.enter_context(lossy_wire(delay_s, loss))
        with inside(wire.far):
            door = stack.enter_context(open_door(folder, host=FAR))
        with inside(wire.near):
            options = ["--engine", f"tcp://{door.place}", "--key", str(door.key)]
            bridge = stack.enter_context(running_bridge("--presets", str(presets), *options))
        bridge.send("/melo/transport/tempo", BRISK)
        yield wire, bridge


@pytest.mark.parametrize("delay_s", [0.005, 0.03])
def test_answers_come_whole_and_the_way_is_known(presets: Path, tmp_path: Path, delay_s: float) -> None:
    with apart(presets, tmp_path, delay_s, LOSS) as (_, bridge):
        for _ in range(3):
            bridge.client.heard.clear()
            send_phrase(bridge)
            assert_answered(bridge)
        pairs = bridge.ask("/melo/status", "/melo/status").arguments
        status = dict(zip(pairs[::2], pairs[1::2], strict=True))
        # the median of the round trips, so that packets sent again do not count; a busy machine adds to it
        assert 2 * delay_s <= status["engine_delay_ms"] / 1000 < 2 * delay_s + 0.1


def test_a_network_that_is_away_ends_the_answer_and_comes_back(presets: Path, tmp_path: Path) -> None:
    with apart(presets, tmp_path, delay_s=0.005, loss=0.0) as (wire, bridge):
        bridge.send("/melo/control/bars", 64)
        send_phrase(bridge)
        bridge.client.wait_for("/melo/out/note")
        wire.cut()
        assert bridge.client.wait_for("/melo/out/end", patience_s=SOON_S).arguments[2] == "failed"
        assert bridge.client.wait_for("/melo/error").arguments[0] == Code.ENGINE
        assert_all_ended(bridge)
        bridge.send("/melo/control/bars", 4)
        bridge.client.heard.clear()
        wire.mend()
        bridge.client.wait_for("/melo/preset/loaded", patience_s=PATIENCE_S)
        bridge.client.heard.clear()
        send_phrase(bridge)
        assert_answered(bridge)

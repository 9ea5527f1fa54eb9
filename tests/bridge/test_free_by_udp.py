"""Free playing as a client meets it: a real bridge, real UDP, the shipped model, and no clock anywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from kit import Bridge, running_bridge
from playing import assert_answered

BPM = 141.0
LEAD_S = 0.3


@pytest.fixture(scope="module")
def bridge() -> Iterator[Bridge]:
    with running_bridge() as bridge:
        yield bridge


def test_a_groove_at_141_is_answered_at_141_while_the_transport_says_120(bridge: Bridge) -> None:
    bridge.send("/melo/transport/free", 1)
    bridge.send("/melo/control/bars", 2)
    began_s = time.time() + LEAD_S
    for eighth in range(16):
        at = began_s + eighth * 30 / BPM
        for pitch in (42, 36 if eighth % 4 == 0 else 38)[: 2 - eighth % 2]:
            bridge.send("/melo/note", 10, pitch, 90, epoch_s=at)
    assert_answered(bridge)
    shown = bridge.client.all("/melo/transport/estimate")[-1].arguments
    assert shown[0] == pytest.approx(BPM, rel=0.02)
    assert shown[2] == 4
    bars = [message.epoch_s for message in bridge.client.all("/melo/out/bar")]
    assert bars[0] is not None and bars[1] is not None
    assert bars[1] - bars[0] == pytest.approx(240 / BPM, rel=0.02)
    since = (bars[0] - began_s) * BPM / 60
    assert since == pytest.approx(4 * round(since / 4), abs=0.15)

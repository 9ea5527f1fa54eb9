"""A room of its own for a Link session: a bridge and another peer, in a network that nobody else is in.

Run as a program inside such a network; it prints what it measured as one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from kit import Bridge, running_bridge, wait_until
from meloformer.bridge import now, running
from meloformer.bridge.session.actions import JoinLink, LinkPlaying, LinkTempo
from meloformer.bridge.session.events import Linked
from meloformer.bridge.transports.link import LinkWire
from playing import save_preset, send_phrase

THEIR_BPM, OUR_BPM = 133.0, 151.0
ALONE_BPM = 97.0


class Peer:
    """Another program in the session."""

    def __init__(self, bpm: float) -> None:
        from link import Link

        self.link = Link(bpm)
        self.link.startStopSyncEnabled = True
        self.link.enabled = True

    @property
    def bpm(self) -> float:
        return self.link.captureAppSessionState().tempo()

    def phase_at(self, seconds: float) -> float:
        """Its place in a bar of four beats at a monotonic second."""
        micros = self.link.clock().micros() + round((seconds - time.monotonic()) * 1e6)
        return self.link.captureAppSessionState().phaseAtTime(micros, 4.0)

    def plays(self, playing: bool) -> None:
        state = self.link.captureAppSessionState()
        state.setIsPlaying(playing, self.link.clock().micros())
        self.link.commitAppSessionState(state)

    @property
    def is_playing(self) -> bool:
        return self.link.captureAppSessionState().isPlaying()


def status(bridge: Bridge) -> dict[str, Any]:
    pairs = bridge.ask("/melo/status", "/melo/status").arguments
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def off_ms(bridge: Bridge, peer: Peer) -> list[float]:
    """How far bar lines of an answer are from the peer's, in milliseconds."""
    bridge.client.wait_for("/melo/out/end")
    shift = time.monotonic() - time.time()
    lines = [message.epoch_s + shift for message in bridge.client.all("/melo/out/bar") if message.epoch_s]
    return [((peer.phase_at(line) + 2) % 4 - 2) * 60_000 / peer.bpm for line in lines]


def measured(bridge: Bridge, peer: Peer) -> dict[str, Any]:
    found: dict[str, Any] = {}
    wait_until(lambda: status(bridge)["link_peers"], "the peer to be found")
    wait_until(lambda: abs(status(bridge)["bpm"] - THEIR_BPM) < 0.01, "their tempo to be ours")
    found["joined"] = peer.bpm
    bridge.send("/melo/transport/tempo", OUR_BPM)
    wait_until(lambda: abs(peer.bpm - OUR_BPM) < 0.01, "the tempo to be everybody's")
    wait_until(lambda: abs(status(bridge)["bpm"] - OUR_BPM) < 0.01, "the tempo to come back")
    for playing in (True, False):
        peer.plays(playing)
        wait_until(lambda wanted=playing: status(bridge)["running"] == wanted, "the bridge to go with it")
    bridge.send("/melo/transport/start")
    wait_until(lambda: peer.is_playing, "the peer to go with the bridge")
    # Not just before a bar line: an answer that is decided too late for it begins as soon as it can.
    wait_until(lambda: peer.phase_at(time.monotonic()) < 2, "the first half of a bar")
    send_phrase(bridge)
    found["off_ms"] = off_ms(bridge, peer)
    bridge.send("/melo/transport/clock", "internal")
    wait_until(lambda: peer.link.numPeers() == 0, "the bridge to leave")
    found["left"] = status(bridge)["clock_source"]
    return found


def alone() -> list[dict[str, Any]]:
    """What a wire says that nobody else is in a session with: of itself, then after what it is told."""
    said: list[Linked] = []
    wire = LinkWire(said.append)
    running.start(wire.serve, "Link")
    wire.tell(JoinLink(ALONE_BPM, 4.0))
    wait_until(lambda: len(said) >= 6, "the session to be told of")
    wire.tell(LinkTempo(OUR_BPM, now.seconds()))
    wire.tell(LinkPlaying(True, now.seconds()))
    wire.tell(JoinLink(ALONE_BPM, 3.0))
    wait_until(lambda: said[-1].quantum == 3.0, "the other bars")
    wire.close()
    return [
        {
            "bpm": each.tempo.bpm,
            "beat": each.tempo.beat,
            "seconds": each.tempo.seconds,
            "quantum": each.quantum,
            "pressed": each.pressed,
        }
        for each in said
    ]


def main(folder: str) -> None:
    save_preset(Path(folder), quantise="bar")
    said = alone()
    peer = Peer(THEIR_BPM)
    with running_bridge("--presets", folder, "--clock", "link") as bridge:
        print(json.dumps(measured(bridge, peer) | {"said": said}))


if __name__ == "__main__":
    main(sys.argv[1])

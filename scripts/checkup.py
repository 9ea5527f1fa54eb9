"""What `meloformer doctor` looks at: each check is a function that gives findings."""

from __future__ import annotations

import platform
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from meloformer.bridge.errors import BridgeError
from meloformer.bridge.settings import LOOPBACK, Endpoint, Settings
from meloformer.model.score import bpm_of
from meloformer.model.telling import encode
from meloformer.model.vocabulary import TICKS_PER_QUARTER
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.errors import PresetError
from meloformer.presets.reader import find, read
from meloformer.scripts.continuation import answer, hear
from meloformer.scripts.phrase import BARS, phrase
from meloformer.scripts.player import player

if TYPE_CHECKING:
    from meloformer.model.performer import Performer

ROUND_TRIP_S = 2.0
MOST_PORTS = 65_536
ANYWHERE = Endpoint(LOOPBACK, 0)
NO_MIDI = "nothing is lost for OSC; for MIDI, start JACK or load the ALSA sequencer (modprobe snd-seq)"
OSC_ALONE = "OSC works, MIDI does not (the advice stands above)"
TOO_SLOW = "the preset is too slow for this machine"
SLOW = "the bridge will fall behind on dense music: close what else is busy, or take a smaller preset"


Mark = Literal["ok", "--", "!!"]  # fine; absent, and nothing depends on it; wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `advice` is for what is wrong, `vital` is what no music goes without.

    Where it is wrong all the same: the bridge starts with this `option`, or within this `limit`.
    """

    mark: Mark
    what: str
    said: str
    advice: str = ""
    vital: bool = False
    option: str = ""
    limit: str = ""


def system() -> Iterator[Finding]:
    """Versions, and where the model would run."""
    yield Finding("ok", "python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    from meloformer.model.weights import resolved

    device = resolved("auto")
    yield Finding("ok", "device", f"{device}, PyTorch {version('torch')}")


def midi() -> Iterator[Finding]:
    """Every MIDI system that python-rtmidi was built with, and the ports it has."""
    import rtmidi

    from meloformer.bridge.transports.hush import hushed

    working = False
    for api in rtmidi.get_compiled_api():
        try:
            with hushed():
                ins, outs = rtmidi.MidiIn(api).get_ports(), rtmidi.MidiOut(api).get_ports()
        except (rtmidi.RtMidiError, OSError) as error:
            yield Finding("--", "MIDI", f"{rtmidi.get_api_display_name(api)}: not running ({error})")
            continue
        working = True
        listed = f"in: {', '.join(ins) or 'none'}; out: {', '.join(outs) or 'none'}"
        yield Finding("ok", "MIDI", f"{rtmidi.get_api_display_name(api)}: {listed}")
    if not working:
        yield Finding("!!", "MIDI", "no MIDI system works here", NO_MIDI, limit=OSC_ALONE)


def osc() -> Iterator[Finding]:
    """A real message over loopback UDP to the bridge's own wire; and whether its port is free."""
    from pythonosc.udp_client import SimpleUDPClient

    from meloformer.bridge.transports.osc import OscWire

    heard: queue.SimpleQueue[object] = queue.SimpleQueue()
    listening = OscWire(ANYWHERE, ANYWHERE, heard.put)
    speaking = SimpleUDPClient(LOOPBACK, listening.endpoint.port)
    thread = threading.Thread(target=listening.serve, daemon=True)
    thread.start()
    started = time.perf_counter()
    try:
        with speaking:
            speaking.send_message("/melo/ping", [])
        heard.get(timeout=ROUND_TRIP_S)
        took_ms = (time.perf_counter() - started) * 1e3
        yield Finding("ok", "OSC", f"a message crossed loopback in {took_ms:.1f} ms")
    except queue.Empty:
        advice = f"a firewall keeps UDP on {LOOPBACK} from arriving: allow it for Python"
        yield Finding("!!", "OSC", "nothing came through", advice, vital=True)
    finally:
        listening.close()
        thread.join(ROUND_TRIP_S)
    yield _port_is_free()


def _port_is_free() -> Finding:
    usual = Settings(presets=SHIPPED, preset=DEFAULT).osc
    if _is_free(usual):
        return Finding("ok", "OSC", f"{usual} is free")
    others = (
        replace(usual, port=port) for port in range(usual.port + 2, MOST_PORTS)
    )  # the next hears replies
    option = f"--osc {next(filter(_is_free, others))}"
    advice = f"a bridge, or another program, is there already: end it, or start this one with {option}"
    return Finding("!!", "OSC", f"{usual} is taken", advice, option=option)


def _is_free(endpoint: Endpoint) -> bool:
    from meloformer.bridge.transports.osc import OscWire

    try:
        OscWire(endpoint, ANYWHERE, lambda _: None).close()
    except BridgeError:
        return False
    return True


def preset(name: str, presets: Path) -> Iterator[Finding]:
    """Whether the preset is right, and how fast it answers our phrase."""
    from meloformer.model.weights import WeightsError

    try:
        settings = read(find(name, presets))
        performer = player(settings, settings.sampling, "auto")
    except (PresetError, WeightsError) as error:
        yield Finding("!!", "preset", f"{name} cannot be used", str(error), vital=True)
        return
    yield Finding("ok", "preset", f"{name}: {settings.description}")
    yield _speed(performer)


def _speed(performer: Performer) -> Finding:
    """Answer as many bars as the phrase has, with the watch in hand."""
    score = phrase()
    hear(performer, score)
    started = time.perf_counter()
    answered = replace(score, notes=tuple(answer(performer, score, BARS)))
    took_s = time.perf_counter() - started
    music_s = BARS * score.meters[0].ticks / TICKS_PER_QUARTER * 60 / bpm_of(score.tempos[0].step)
    tokens = len(encode(answered, end=False))
    pace = music_s / took_s
    said = f"{tokens / took_s:.0f} tokens a second; the answer comes {pace:.1f} times as fast as it plays"
    return Finding("ok" if pace > 1 else "!!", "speed", said, SLOW, limit=TOO_SLOW)

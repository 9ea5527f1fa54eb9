"""A phrase for the bridge, and what must be true of its answer."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from jack_room import JackRecorder
from kit import Bridge, wait_until

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
BRISK = 240.0  # quarter notes per minute: a bar in a second
PRESET = """\
format: 1
name: band
weights: band.safetensors
sampling: {{temperature: {temperature}}}
listen: {{end: silence, silence: 1}}
answer: {{bars: 4, quantise: {quantise}, lookahead: 0.5, commit: 0.25}}
"""


def save_preset(folder: Path, temperature: float = 1.0, quantise: str = "beat") -> None:
    (folder / "band.yaml").write_text(PRESET.format(temperature=temperature, quantise=quantise))


def send_phrase(bridge: Bridge) -> None:
    bridge.send("/melo/phrase/begin")
    for place, pitch in enumerate(SCALE):
        bridge.send("/melo/phrase/note", place / 2, 0.5, 1, pitch, 90)
    bridge.send("/melo/phrase/end")


def assert_answered(bridge: Bridge) -> None:
    """An answer came, whole, and each of its notes has its end."""
    begin, end = bridge.client.wait_for("/melo/out/begin"), bridge.client.wait_for("/melo/out/end")
    request, notes, reason = end.arguments
    assert reason == "done"
    assert request == begin.arguments[0]
    assert notes == len(bridge.client.all("/melo/out/note")) > 0
    assert_all_ended(bridge)


def assert_all_ended(bridge: Bridge) -> None:
    struck = Counter(message.arguments[0] for message in bridge.client.all("/melo/out/note"))
    ended = Counter(message.arguments[0] for message in bridge.client.all("/melo/out/off"))
    assert struck == ended
    assert set(struck.values()) == {1}


def assert_silent(recorder: JackRecorder) -> None:
    """Each note on that was recorded has its off after it."""

    def sounding() -> Counter[tuple[int, int]]:
        count: Counter[tuple[int, int]] = Counter()
        for _, channel, pitch, velocity in recorder.notes():
            count[channel, pitch] += 1 if velocity else -1
        return +count

    wait_until(lambda: not sounding(), "the last note-off")
    assert recorder.notes()

"""Infill and variations as a client meets them: a real bridge, real UDP, the shipped model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from kit import Bridge, running_bridge
from meloformer.presets import DEFAULT, SHIPPED
from playing import BRISK, assert_all_ended, save_preset

PARTS = "parts: [{channel: 1, program: 0}, {channel: 2, program: 33}, {channel: 10, program: drums}]\n"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    presets = tmp_path_factory.mktemp("parts")
    shutil.copy(SHIPPED / f"{DEFAULT}.safetensors", presets / "band.safetensors")
    save_preset(presets)
    with (presets / "band.yaml").open("a") as file:
        file.write(PARTS)
    with running_bridge("--presets", str(presets)) as bridge:
        bridge.send("/melo/transport/tempo", BRISK)
        yield bridge


@pytest.fixture
def phrase(bridge: Bridge) -> Bridge:
    """The bridge with a phrase of three bars, which has not ended."""
    bridge.send("/melo/panic")
    bridge.ask("/melo/ping", "/melo/pong")
    bridge.client.heard.clear()
    bridge.send("/melo/phrase/begin")
    for beat in range(12):
        bridge.send("/melo/phrase/note", float(beat), 1.0, 1, 60 + beat % 5, 90)
    return bridge


def assert_played(bridge: Bridge, number: int = 1) -> None:
    """Answer `number` came to its end, and each of its notes too."""
    assert bridge.client.wait_for("/melo/out/end", number).arguments[2] == "done"
    assert_all_ended(bridge)
    assert not bridge.client.all("/melo/error")


def test_bars_of_the_phrase_are_made_anew_and_played(phrase: Bridge) -> None:
    phrase.send("/melo/infill", 2, 3)
    assert phrase.client.wait_for("/melo/out/begin").arguments[1] == 2
    assert_played(phrase)
    assert [message.arguments[0] for message in phrase.client.all("/melo/out/bar")] == [0, 1]
    phrase.send("/melo/continue", 1)
    assert_played(phrase, 2)


def test_a_bar_that_the_phrase_does_not_have_is_refused(phrase: Bridge) -> None:
    phrase.send("/melo/infill", 3, 4)
    assert "1 to 3" in phrase.client.wait_for("/melo/error").arguments[2]


def test_one_of_several_variations_is_chosen_and_then_another(phrase: Bridge) -> None:
    phrase.send("/melo/variations", 2, 1)
    ready = [phrase.client.wait_for("/melo/variation", number).arguments for number in (1, 2)]
    assert [index for index, _ in ready] == [1, 2]
    assert not phrase.client.all("/melo/out/begin")
    for number, (index, notes) in enumerate(reversed(ready), start=1):
        phrase.send("/melo/choose", index)
        assert_played(phrase, number)
        assert phrase.client.all("/melo/out/end")[-1].arguments[1] == notes
    phrase.send("/melo/continue", 1)
    assert_played(phrase, 3)


def test_the_band_plays_along_until_it_is_told_to_stop(bridge: Bridge) -> None:
    bridge.send("/melo/panic")
    bridge.ask("/melo/ping", "/melo/pong")
    bridge.client.heard.clear()
    bridge.send("/melo/accompany", 1)
    bridge.send("/melo/note", 1, 60, 90)
    assert bridge.client.wait_for("/melo/out/begin").arguments[1] == 0
    bridge.client.wait_for("/melo/out/bar", 3)
    bridge.send("/melo/note", 1, 60, 0)
    bridge.send("/melo/accompany", 0)
    assert bridge.client.wait_for("/melo/out/end").arguments[2] == "stopped"
    bridge.ask("/melo/ping", "/melo/pong")
    assert_all_ended(bridge)
    channels = {message.arguments[1] for message in bridge.client.all("/melo/out/note")}
    assert channels and 1 not in channels
    assert not bridge.client.all("/melo/error")

"""`meloformer bridge`: what the command line says is what the bridge is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from meloformer.bridge import run
from meloformer.bridge.settings import Endpoint, Settings
from meloformer.bridge.transports import link
from meloformer.presets import DEFAULT, SHIPPED


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of every bridge that would have been run."""
    settings: list[Settings] = []
    monkeypatch.setattr(run, "run_bridge", settings.append)
    return settings


def test_without_options_the_bridge_takes_its_usual_settings(meloformer, told: list[Settings]) -> None:
    assert meloformer("bridge").code == 0
    assert told == [Settings(presets=SHIPPED, preset=DEFAULT)]


def test_every_option_reaches_the_bridge(meloformer, told: list[Settings], tmp_path: Path) -> None:
    words = f"--preset evening --presets {tmp_path} --osc 127.0.0.1:9000 --reply [::1]:9001 --midi jack"
    more = "--midi-in keys --midi-out synth --clock osc --send-clock --midi-latency 4 --device cpu --seed 7"
    kept = f"--takes {tmp_path / 'takes'} --engine tcp://[::1]:9002 --key {tmp_path / 'laptop.key'}"
    assert meloformer("bridge", *words.split(), *more.split(), *kept.split()).code == 0
    (settings,) = told
    usual = Settings(presets=SHIPPED, preset=DEFAULT)
    assert settings.osc == Endpoint("127.0.0.1", 9000)
    assert settings.reply == Endpoint("::1", 9001)
    assert settings.engine == Endpoint("::1", 9002)
    assert settings.seed == 7
    assert all(getattr(settings, name) != getattr(usual, name) for name in Settings.__slots__)


def test_without_its_extra_link_is_refused_with_the_way_out(
    meloformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PACKAGE", "not-installed-at-all")
    outcome = meloformer("bridge", "--clock", "link")
    assert outcome.code == 1
    assert "pip install 'meloformer[link]'" in outcome.err
    assert "--clock auto or internal or midi or osc" in outcome.err


def test_a_gpu_that_is_not_here_is_refused_but_a_far_engine_may_have_one(
    meloformer, told: list[Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    outcome = meloformer("bridge", "--device", "cuda")
    assert outcome.code == 1
    assert outcome.err.startswith("meloformer: no device cuda: ")
    assert not told
    far = ("--engine", "tcp://127.0.0.1:7410", "--key", str(tmp_path / "laptop.key"))
    assert meloformer("bridge", "--device", "cuda", *far).code == 0
    assert [settings.device for settings in told] == ["cuda"]


def test_an_engine_is_named_by_its_whole_address(meloformer, told: list[Settings]) -> None:
    outcome = meloformer("bridge", "--engine", "192.168.1.20:7410")
    assert outcome.code == 2
    assert "write tcp://HOST:PORT" in outcome.err
    assert not told


def test_a_far_engine_without_a_key_is_refused_with_the_way_out(meloformer, monkeypatch) -> None:
    monkeypatch.delenv("MELOFORMER_KEY", raising=False)
    outcome = meloformer("bridge", "--engine", "tcp://127.0.0.1:7410")
    assert outcome.code == 1
    assert "say --key with the laptop.key" in outcome.err


def test_a_key_file_that_is_not_there_is_told_by_its_name(meloformer, tmp_path: Path) -> None:
    options = ("--engine", "tcp://127.0.0.1:7410", "--key", str(tmp_path / "laptop.key"))
    outcome = meloformer("bridge", *options)
    assert outcome.code == 1
    assert "laptop.key: No such file or directory; copy" in outcome.err

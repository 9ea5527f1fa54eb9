"""What is saved while a bridge runs comes into use, whenever and through whatever links it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from kit import wait_until
from meloformer.bridge import incoming as osc
from meloformer.bridge import now, running
from meloformer.bridge.engine.messages import Load, Loaded, ToEngine
from meloformer.bridge.library import Library, Saved
from meloformer.bridge.loop import Inbox, Loop, Outside, Touched
from meloformer.bridge.outgoing import Outgoing, PresetFailed
from meloformer.bridge.session.events import Closing, EngineStarted, Received
from meloformer.bridge.session.machine import begin
from meloformer.bridge.session.state import State
from meloformer.bridge.transports.quiet import QuietWire

PRESET = "format: 1\nname: {name}\nweights: {weights}\nsampling: {{temperature: {temperature}}}\n"


class Told:
    """An engine that keeps what it is told, and does nothing."""

    def __init__(self) -> None:
        self.messages: list[ToEngine] = []

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def tell(self, message: ToEngine) -> None:
        self.messages.append(message)


class Room:
    """A loop with presets on disk; the test says when the engine is ready."""

    def __init__(self, presets: Path, watch: Any, inbox: Inbox) -> None:
        self._inbox = inbox
        self.sent: list[Outgoing] = []
        self.read: list[object] = []  # what the library told
        self.states: list[State] = []  # when a preset was ready
        self.engine = Told()
        library = Library(presets, None, self._arrived, watch)
        state = begin(library.get("band"), "1.2.3", "cpu", now.seconds())
        osc_out = QuietWire(lambda message, _: self.sent.append(message))
        outside = Outside(osc_out, QuietWire(), self.engine, library)
        self._loop = Loop(state, inbox, outside, self.states.append)
        running.start(library.serve, "presets")
        running.start(self._loop.run, "loop")
        inbox.put(EngineStarted())
        self.loads(1)

    def _arrived(self, answer: Any) -> None:
        self.read.append(answer)
        self._inbox.put(answer)

    def loads(self, number: int) -> None:
        """Wait until the engine has been told to load so often."""
        wait_until(lambda: len(self._loads()) >= number, f"load {number}")

    def is_ready(self) -> State:
        """The engine has loaded what it was told last; how the session is then."""
        number = len(self.states)
        self._inbox.put(Loaded(self._loads()[-1].name, 1.0))
        wait_until(lambda: len(self.states) > number, "the preset")
        return self.states[-1]

    def asks_for(self, name: str) -> None:
        self._inbox.put(Received(osc.LoadPreset(name), "127.0.0.1", now.seconds()))

    def notices(self, temperature: float) -> None:
        """Wait until a saved file has been read that says so."""
        wait_until(lambda: temperature in self._temperatures(), f"the save of {temperature}")

    def _temperatures(self) -> list[float]:
        return [each.preset.sampling.temperature for each in self.read if isinstance(each, Saved)]

    def _loads(self) -> list[Load]:
        return [message for message in self.engine.messages if isinstance(message, Load)]


@contextmanager
def room(presets: Path) -> Iterator[Room]:
    inbox: Inbox = SimpleQueue()
    with running.watching(lambda file: inbox.put(Touched(file))) as watch:
        yield Room(presets, watch, inbox)
        inbox.put(Closing())


def save(file: Path, temperature: float, weights: str = "w.safetensors") -> None:
    file.write_text(PRESET.format(name=file.stem, weights=weights, temperature=temperature))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two presets."""
    folder = tmp_path / "real"
    folder.mkdir()
    (folder / "w.safetensors").touch()
    save(folder / "band.yaml", 1.0)
    save(folder / "other.yaml", 1.0)
    return folder


def test_of_two_saves_in_quick_succession_the_last_one_counts(folder: Path) -> None:
    with room(folder) as bridge:
        bridge.is_ready()
        save(folder / "band.yaml", 1.5)
        bridge.loads(2)
        save(folder / "band.yaml", 1.0)
        bridge.notices(1.0)
        assert bridge.is_ready().preset.sampling.temperature == 1.5
        bridge.loads(3)
        assert bridge.is_ready().preset.sampling.temperature == 1.0
        assert not [each for each in bridge.sent if isinstance(each, PresetFailed)]


def test_a_preset_that_is_saved_while_it_loads_comes_into_use_as_it_was_saved(folder: Path) -> None:
    with room(folder) as bridge:
        bridge.is_ready()
        bridge.asks_for("other")
        bridge.loads(2)
        save(folder / "other.yaml", 1.5)
        bridge.notices(1.5)
        bridge.is_ready()
        bridge.loads(3)
        state = bridge.is_ready()
        assert (state.preset.name, state.preset.sampling.temperature) == ("other", 1.5)


def test_three_saves_while_one_preset_loads_blame_no_preset(folder: Path) -> None:
    with room(folder) as bridge:
        bridge.is_ready()
        for temperature in (1.1, 1.2, 1.3):
            save(folder / "band.yaml", temperature)
            bridge.notices(temperature)
        bridge.is_ready()
        bridge.loads(3)
        assert bridge.is_ready().preset.sampling.temperature == 1.3
        assert not [each for each in bridge.sent if isinstance(each, PresetFailed)]


def test_a_save_that_changes_nothing_loads_nothing(folder: Path) -> None:
    with room(folder) as bridge:
        bridge.is_ready()
        save(folder / "band.yaml", 1.0)
        bridge.notices(1.0)
        save(folder / "band.yaml", 1.5)
        bridge.loads(2)
        assert bridge.is_ready().preset.sampling.temperature == 1.5


def test_a_folder_that_is_a_link_is_watched(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    with room(link) as bridge:
        bridge.is_ready()
        save(link / "band.yaml", 1.5)
        bridge.loads(2)
        bridge.is_ready()
        (folder / "w.safetensors").write_bytes(b"new")
        bridge.loads(3)


def test_weights_in_a_folder_of_their_own_are_watched(folder: Path) -> None:
    inner = folder / "w"
    inner.mkdir()
    (inner / "x.safetensors").touch()
    save(folder / "band.yaml", 1.0, "w/x.safetensors")
    with room(folder) as bridge:
        bridge.is_ready()
        (inner / "x.safetensors").write_bytes(b"new")
        bridge.loads(2)


def test_a_preset_that_is_a_link_is_loaded_when_what_it_leads_to_is_saved(
    folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "elsewhere" / "band.yaml"
    target.parent.mkdir()
    (folder / "band.yaml").rename(target)
    (folder / "band.yaml").symlink_to(target)
    with room(folder) as bridge:
        bridge.is_ready()
        save(target, 1.5)
        bridge.loads(2)


def test_a_preset_of_that_name_in_another_folder_is_another_one(folder: Path) -> None:
    read: list[object] = []
    library = Library(folder, None, read.append)
    preset = library.get("band")
    inner = folder / "old"
    inner.mkdir()
    save(inner / "band.yaml", 1.5)
    running.start(library.serve, "presets")
    library.saved(inner / "band.yaml", preset)
    library.saved(folder / "band.yaml", preset)
    wait_until(lambda: read, "what was saved")
    assert read == [Saved(preset)]


def test_a_folder_that_cannot_be_watched_is_named_and_the_way_out_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from meloformer.bridge.run import _watched

    def refuses(_: Path) -> None:
        raise OSError(28, "inotify watch limit reached")

    Library(folder, None, lambda _: None, partial(_watched, refuses)).get("band")
    said = capsys.readouterr().out
    assert f"{folder} is not watched (inotify watch limit reached)" in said
    assert "/melo/preset/load NAME" in said

"""The presets on disk, read beside the loop: a file takes milliseconds that a note does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from meloformer.bridge.session.events import PresetRead, PresetRefused, PresetsListed
from meloformer.presets import reader
from meloformer.presets.errors import PresetError
from meloformer.presets.preset import Preset

Answer = PresetRead | PresetRefused | PresetsListed


class Library:
    """A folder of presets. What is asked for is looked up by `serve`, on a thread, and told to `arrived`."""

    def __init__(self, folder: Path, seed: int | None, arrived: Callable[[Answer], None]) -> None:
        self._folder = folder
        self._seed = seed
        self._arrived = arrived
        self._asked: SimpleQueue[str | None] = SimpleQueue()

    def get(self, name: str) -> Preset:
        """The preset of this name, with the seed that was asked for at the start; raises PresetError."""
        preset = reader.read(reader.find(name, self._folder))
        if self._seed is None:
            return preset
        return replace(preset, sampling=replace(preset.sampling, seed=self._seed))

    def read(self, name: str) -> None:
        """Ask for a preset: PresetRead or PresetRefused will arrive."""
        self._asked.put(name)

    def look(self) -> None:
        """Ask which presets there are: PresetsListed will arrive."""
        self._asked.put(None)

    def serve(self) -> None:
        """Answer what is asked, for ever."""
        while True:
            name = self._asked.get()
            self._arrived(self._listed() if name is None else self._read(name))

    def _listed(self) -> PresetsListed:
        return PresetsListed(tuple(reader.names(self._folder)))

    def _read(self, name: str) -> Answer:
        try:
            return PresetRead(self.get(name))
        except PresetError as error:
            return PresetRefused(name, str(error))

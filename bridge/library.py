"""The presets on disk, read beside the loop: a file takes milliseconds that a note does not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from meloformer.bridge.session.events import MappingLost, PresetRead, PresetRefused, PresetsListed
from meloformer.presets import reader
from meloformer.presets.editing import keep
from meloformer.presets.errors import PresetError
from meloformer.presets.preset import MidiMapping, Preset

Answer = PresetRead | PresetRefused | PresetsListed | MappingLost


class Library:
    """A folder of presets. What is asked for is looked up by `serve`, on a thread, and told to `arrived`."""

    def __init__(self, folder: Path, seed: int | None, arrived: Callable[[Answer], None]) -> None:
        self._folder = folder
        self._seed = seed
        self._arrived = arrived
        self._asked: SimpleQueue[Callable[[], Answer | None]] = SimpleQueue()

    def get(self, name: str) -> Preset:
        """The preset of this name, with the seed that was asked for at the start; raises PresetError."""
        preset = reader.read(reader.find(name, self._folder))
        if self._seed is None:
            return preset
        return replace(preset, sampling=replace(preset.sampling, seed=self._seed))

    def read(self, name: str) -> None:
        """Ask for a preset: PresetRead or PresetRefused will arrive."""
        self._asked.put(lambda: self._read(name))

    def read_again(self, preset: Preset) -> None:
        """Ask for the preset in use, saved anew: told only if its file says something else now."""
        self._asked.put(lambda: self._changed(preset))

    def keep(self, name: str, mapping: MidiMapping) -> None:
        """Ask to write a controller into a preset's file: MappingLost will arrive if that fails."""
        self._asked.put(lambda: self._kept(name, mapping))

    def look(self) -> None:
        """Ask which presets there are: PresetsListed will arrive."""
        self._asked.put(self._listed)

    def serve(self) -> None:
        """Answer what is asked, for ever."""
        while True:
            answer = self._asked.get()()
            if answer is not None:
                self._arrived(answer)

    def _listed(self) -> PresetsListed:
        return PresetsListed(tuple(reader.names(self._folder)))

    def _changed(self, preset: Preset) -> Answer | None:
        answer = self._read(preset.name)
        return None if answer == PresetRead(preset) else answer

    def _kept(self, name: str, mapping: MidiMapping) -> Answer | None:
        try:
            keep(reader.find(name, self._folder), mapping)
        except PresetError as error:
            return MappingLost(str(error))
        return None

    def _read(self, name: str) -> Answer:
        try:
            return PresetRead(self.get(name))
        except PresetError as error:
            return PresetRefused(name, str(error))

"""The presets on disk, read beside the loop: a file takes milliseconds that a note does not have."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

from meloformer.bridge.session.events import MappingLost, PresetRead, PresetRefused, PresetsListed
from meloformer.presets import reader
from meloformer.presets.editing import keep
from meloformer.presets.errors import PresetError
from meloformer.presets.preset import MidiMapping, Preset


@dataclass(frozen=True, slots=True)
class Saved:
    """A preset's file was saved, and says this now: perhaps what is in use already."""

    preset: Preset


Answer = PresetRead | PresetRefused | PresetsListed | MappingLost | Saved


def unwatched(_: Path) -> None:
    """Nobody watches the folder."""


class Library:
    """A folder of presets. What is asked for is looked up by `serve`, on a thread, and told to `arrived`.

    `watch` is told of every folder in which a preset that was read can be saved: where its file and its
    weights lie, and where they lie in truth, should that be links.
    """

    def __init__(
        self,
        folder: Path,
        seed: int | None,
        arrived: Callable[[Answer], None],
        watch: Callable[[Path], None] = unwatched,
    ) -> None:
        self._folder = folder
        self._watch = watch
        self._seed = seed
        self._arrived = arrived
        self._asked: SimpleQueue[Callable[[], Answer | None]] = SimpleQueue()

    def get(self, name: str) -> Preset:
        """The preset of this name, with the seed that was asked for at the start; raises PresetError."""
        file = reader.find(name, self._folder)
        self._watch_file(file)
        preset = reader.read(file)
        self._watch_file(preset.weights)
        if self._seed is None:
            return preset
        return replace(preset, sampling=replace(preset.sampling, seed=self._seed))

    def read(self, name: str) -> None:
        """Ask for a preset: PresetRead or PresetRefused will arrive."""
        self._asked.put(lambda: self._read(name))

    def saved(self, file: Path, preset: Preset) -> None:
        """A file was saved: if it is this preset's, Saved will arrive, and PresetRead if it is its weights.

        PresetRefused will, where the preset cannot be used.
        """
        self._asked.put(lambda: self._saved(file, preset))

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

    def _saved(self, file: Path, preset: Preset) -> Answer | None:
        if _is_same(file, preset.weights):
            return self._read(preset.name)
        if not _is_same(file, self._folder / f"{preset.name}{reader.SUFFIX}"):
            return None
        answer = self._read(preset.name)
        return Saved(answer.preset) if isinstance(answer, PresetRead) else answer

    def _watch_file(self, file: Path) -> None:
        for place in {Path(os.path.realpath(file.parent)), Path(os.path.realpath(file)).parent}:
            self._watch(place)

    def _kept(self, name: str, mapping: MidiMapping) -> Answer | None:
        try:
            keep(reader.find(name, self._folder), mapping)
        except PresetError as error:
            return MappingLost(str(error))
        return None

    def _read(self, name: str) -> PresetRead | PresetRefused:
        try:
            return PresetRead(self.get(name))
        except PresetError as error:
            return PresetRefused(name, str(error))


def _is_same(file: Path, other: Path) -> bool:
    """Whether both paths lead to one file, by links or without."""
    try:
        return file.samefile(other)
    except OSError:  # one of them is not there
        return False

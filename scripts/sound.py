"""A MIDI file as sound, where FluidSynth and a soundfont are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SAMPLE_RATE = 44_100
LONGEST_S = 300  # FluidSynth renders some fifty times faster than the music plays
# Where Debian, Fedora, Arch, Homebrew and FluidSynth itself put soundfonts.
FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
    "/opt/homebrew/share/fluid-synth/sf2",
    "/usr/local/share/fluid-synth/sf2",
    "~/.local/share/soundfonts",
    "~/Library/Audio/Sounds/Banks",
    "C:/soundfonts",
)


class SoundError(Exception):
    """No sound can be made of a file; the message says what is missing and where to get it."""


def soundfont() -> Path | None:
    """The largest soundfont in the usual places: General MIDI sets are larger than single instruments."""
    folders = [Path(os.path.expanduser(folder)) for folder in FOLDERS]
    found = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    fonts = [path.resolve() for path in found if path.suffix.lower() in (".sf2", ".sf3") and path.is_file()]
    return max(fonts, key=lambda path: (path.stat().st_size, path.name), default=None)


def render(midi: Path, wav: Path) -> None:
    """Render a MIDI file to a WAV file. Raises SoundError where something is missing or goes wrong."""
    program, font = shutil.which("fluidsynth"), soundfont()
    if program is None:
        raise SoundError("FluidSynth is not installed; install fluidsynth (Homebrew: fluid-synth)")
    if font is None:
        raise SoundError(f"no soundfont (.sf2) was found in {', '.join(FOLDERS)}; put one there")
    command = [program, "-n", "-i", "-q", "-F", str(wav), "-r", str(SAMPLE_RATE), str(font), str(midi)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SoundError(f"FluidSynth could not render {midi} ({error}); try it by hand") from error
    if done.returncode != 0 or not wav.is_file():
        raise SoundError(f"FluidSynth could not render {midi} ({done.stderr.strip()}); try it by hand")

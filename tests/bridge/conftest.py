"""What the tests of the bridge share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jack_room import jack_server
from meloformer.presets import DEFAULT, SHIPPED
from playing import save_preset


@pytest.fixture(scope="session")
def jack() -> Iterator[str]:
    """The name of a JACK server that every client started from here on finds by itself."""
    with jack_server() as (name, _), pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", name)
        yield name


@pytest.fixture(scope="session")
def presets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model under a preset of our own, which answers soon."""
    folder = tmp_path_factory.mktemp("presets")
    shutil.copy(SHIPPED / f"{DEFAULT}.safetensors", folder / "band.safetensors")
    save_preset(folder)
    return folder

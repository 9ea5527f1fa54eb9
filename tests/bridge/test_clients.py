"""The patches get out of the package, and nothing of the musician's is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from meloformer.bridge.clients import FOLDER, PATCHES, copy_clients
from meloformer.bridge.errors import BridgeError


def test_every_patch_of_the_folder_is_copied() -> None:
    there = {path.name for path in FOLDER.iterdir() if path.suffix in {".pd", ".maxpat", ".scd"}}
    assert there == set(PATCHES)


def test_the_patches_are_copied_into_a_folder_that_need_not_be_there(tmp_path: Path) -> None:
    copies = copy_clients(tmp_path / "my" / "patches")
    assert [copy.name for copy in copies] == list(PATCHES)
    assert all(copy.read_bytes() == (FOLDER / copy.name).read_bytes() for copy in copies)


def test_copying_twice_is_copying_once(tmp_path: Path) -> None:
    assert copy_clients(tmp_path) == copy_clients(tmp_path)


def test_a_patch_that_the_musician_changed_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "meloformer.pd").write_text("mine")
    with pytest.raises(BridgeError, match=r"meloformer\.pd is another file already; move it away"):
        copy_clients(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["meloformer.pd"]
    assert (tmp_path / "meloformer.pd").read_text() == "mine"


@pytest.mark.parametrize("name", [name for name in PATCHES if "voice" not in name])
def test_every_patch_says_how_the_bridge_is_started(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert "First start the bridge: python3 scripts/start" in text
    assert "meloformer bridge" not in text

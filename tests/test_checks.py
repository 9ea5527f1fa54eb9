"""Style and types: the tools have nothing to say about any file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TYPES = ROOT / "build" / "types"
PACKAGES = ("bridge", "model", "presets", "scripts", "training")


def nothing_to_say(*command: str) -> None:
    """Run a tool of the environment over the tree, and fail with its own words where it has any."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


def test_the_linter_has_nothing_to_say() -> None:
    nothing_to_say("ruff", "check", "--quiet")


def test_every_file_is_formatted() -> None:
    nothing_to_say("ruff", "format", "--check", "--quiet")


def test_strict_typing_has_nothing_to_say() -> None:
    link_the_tree_as_meloformer()
    nothing_to_say("mypy", *(part for name in PACKAGES for part in ("-p", f"meloformer.{name}")))


def link_the_tree_as_meloformer() -> None:
    """mypy does not follow editable installs: a link gives it the package's name as a folder."""
    link = TYPES / "meloformer"
    if link.is_dir():
        return
    TYPES.mkdir(parents=True, exist_ok=True)
    try:
        link.symlink_to(Path("..", ".."), target_is_directory=True)
    except OSError as error:
        if os.name == "nt":
            pytest.skip(f"a link needs developer mode on Windows: {error}")
        raise

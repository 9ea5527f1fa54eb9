"""The environment that `scripts/start` and `scripts/test` run in.

Standard library only, and imported by its short name: in a fresh clone nothing else is there yet.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NoReturn

if sys.version_info < (3, 11):  # noqa: UP036 - this file is what a too old Python meets first
    found = ".".join(map(str, sys.version_info[:2]))
    sys.exit(f"meloformer: Python 3.11 or later is needed, this is {found}; try `python3.12 {sys.argv[0]}`")

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
TORCH = "torch==2.13.0"  # asked for first and by itself: a range would take whatever build is newest
CHOICE = "MELOFORMER_TORCH"


def ready(extra: str) -> None:
    """Make the environment, or renew it where pyproject.toml has changed; `extra` is the extra to add."""
    stamp = FOLDER / f"installed-{extra}"
    wanted = hashlib.sha256(f"{ROOT}\n".encode() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if _works() and stamp.is_file() and stamp.read_text() == wanted:
        return
    if not _works():
        _say("making the environment in .venv (once; this takes some minutes)")
        _make()
    if not _has_torch():
        _install_torch()
    _say("installing MeloFormer and what it needs")
    _pip("--editable", f"{ROOT}[{extra}]")
    stamp.write_text(wanted)


def program(name: str) -> str:
    """The path of a program of the environment, such as `python` or `meloformer`."""
    return str(FOLDER / "Scripts" / f"{name}.exe" if os.name == "nt" else FOLDER / "bin" / name)


def _works() -> bool:
    """Whether the environment's Python runs: not when the one it was made from has moved or gone."""
    try:
        return subprocess.run([program("python"), "-c", ""], capture_output=True).returncode == 0
    except OSError:
        return False


def _make() -> None:
    try:
        venv.create(FOLDER, clear=True, symlinks=os.name != "nt", with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        _fail(f"cannot make {FOLDER} ({error}); on Debian and Ubuntu `apt install python3-venv` is missing")


def _has_torch() -> bool:
    find = "import importlib.metadata as m; m.version('torch')"
    return subprocess.run([program("python"), "-c", find], capture_output=True).returncode == 0


def _install_torch() -> None:
    """Install PyTorch by itself, as the environment variable says where it is set."""
    choice = os.environ.get(CHOICE)
    _say("installing PyTorch")
    if choice is None and sys.platform == "linux" and shutil.which("nvidia-smi") is None:
        _say(f"  (without an NVIDIA card {CHOICE} can name a smaller build: see README)")
    _pip(*shlex.split(choice or TORCH))


def _pip(*arguments: str) -> None:
    command = [
        program("python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    if subprocess.run([*command, *arguments], cwd=ROOT).returncode != 0:
        _fail(f"pip could not install {' '.join(arguments)}; its reason stands above")


def _say(text: str) -> None:
    print(text, flush=True)


def _fail(text: str) -> NoReturn:
    sys.exit(f"meloformer: {text}")

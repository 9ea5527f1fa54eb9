"""What is installed is what is here: an editable install hides what a wheel leaves out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = ("bridge", "model", "presets", "scripts", "training")
# What stays in the clone: the launchers make the environment that an installed package already has.
NOT_INSTALLED = {"scripts/start", "scripts/test", "training/LOG.md"}


def on_disk() -> set[str]:
    """Every file of the five folders, as paths from the root."""
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a copy without network and without leaving anything in the tree."""
    copy = tmp_path_factory.mktemp("copy")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run([*pip, "--wheel-dir", "dist", "."], cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = (copy / "dist").glob("meloformer-*.whl")
    return found


def test_every_folder_with_code_is_a_listed_package_and_typed() -> None:
    packages = {Path(file).parent.as_posix() for file in on_disk() if file.endswith(".py")}
    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert {f"meloformer.{package.replace('/', '.')}" for package in packages} == set(listed)
    for package in packages:
        assert {f"{package}/__init__.py", f"{package}/py.typed"} <= on_disk()


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == {f"meloformer/{file}" for file in on_disk() - NOT_INSTALLED}


def test_the_wheel_carries_its_licences(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    for licence in PROJECT["project"]["license-files"]:
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in held)


def test_the_wheel_runs_by_itself(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    said = "import meloformer.scripts.cli as cli; print(cli.__file__); cli.app(['presets', 'list'])"
    done = subprocess.run(
        [sys.executable, "-c", said],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout
    assert "band" in done.stdout

"""The two launchers run in a fresh clone, where nothing is installed yet."""

from __future__ import annotations

import ast
import os
import runpy
import subprocess
import sys
import venv
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
LAUNCHERS = ("start", "test", "environment.py")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The module as a launcher imports it, with a folder of its own."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    module = __import__("environment")
    monkeypatch.setattr(module, "FOLDER", tmp_path / ".venv")
    return module


@pytest.mark.parametrize("name", LAUNCHERS)
def test_launchers_need_the_standard_library_only(name: str) -> None:
    tree = ast.parse((SCRIPTS / name).read_text())
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {each.split(".")[0] for each in names} <= sys.stdlib_module_names | {"environment"}


@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_python_too_old_for_meloformer_can_still_read_the_launchers(name: str) -> None:
    ast.parse((SCRIPTS / name).read_text(), feature_version=(3, 7))


@pytest.mark.skipif(os.name == "nt", reason="Windows starts files by their suffix")
@pytest.mark.parametrize("name", ["start", "test"])
def test_launchers_can_be_run_by_their_name(name: str) -> None:
    assert os.access(SCRIPTS / name, os.X_OK)
    assert (SCRIPTS / name).read_text().startswith("#!/usr/bin/env python3\n")


def test_a_too_old_python_is_told_so_and_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.delitem(sys.modules, "environment", raising=False)
    with pytest.raises(SystemExit, match=r"Python 3\.11 or later is needed, this is 3\.9"):
        runpy.run_path(str(SCRIPTS / "start"))


def test_programs_of_the_environment_are_named_by_path(environment: ModuleType) -> None:
    named = Path(environment.program("meloformer"))
    assert named.is_relative_to(environment.FOLDER)
    assert named.stem == "meloformer"


def test_an_environment_works_as_long_as_its_python_runs(
    environment: ModuleType,
) -> None:
    assert not environment._works()
    venv.create(environment.FOLDER, with_pip=False)
    assert environment._works()
    Path(environment.program("python")).unlink()
    assert not environment._works()


def test_an_environment_that_is_up_to_date_is_left_alone(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    venv.create(environment.FOLDER, with_pip=False)
    monkeypatch.setattr(environment, "_has_torch", lambda: True)
    installed: list[tuple[str, ...]] = []
    monkeypatch.setattr(environment, "_pip", lambda *arguments: installed.append(arguments))
    environment.ready("test")
    assert len(installed) == 1
    environment.ready("test")
    assert len(installed) == 1
    environment.ready("pictures")
    assert len(installed) == 2


def test_where_torch_is_missing_the_one_that_was_chosen_is_installed_first(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(environment.FOLDER, with_pip=False)
    installed: list[tuple[str, ...]] = []
    monkeypatch.setattr(environment, "_pip", lambda *arguments: installed.append(arguments))
    monkeypatch.setenv("MELOFORMER_TORCH", "/wheels/torch.whl --no-deps")
    environment.ready("test")
    assert installed[0] == ("/wheels/torch.whl", "--no-deps")


def test_when_pip_fails_the_launcher_ends_with_what_it_could_not_install(
    environment: ModuleType, capfd: pytest.CaptureFixture[str]
) -> None:
    venv.create(environment.FOLDER, with_pip=False)
    with pytest.raises(SystemExit, match="pip could not install torch"):
        environment._install_torch()
    assert "No module named pip" in capfd.readouterr().err


def test_ci_runs_the_same_launcher() -> None:
    run = SCRIPTS.parent / ".ci" / "run"
    done = subprocess.run(["bash", "-n", str(run)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "scripts/test" in run.read_text()

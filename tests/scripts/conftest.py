"""A command line to type on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from meloformer.model.network import Network
from meloformer.model.shape import Shape
from meloformer.model.weights import save
from meloformer.scripts import cli


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind: its exit code, and what it wrote on standard output and error."""

    code: int
    out: str
    err: str


Type = Callable[..., Outcome]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one preset, `band`, whose model is real, small and untrained: quick, and no musician."""
    folder = tmp_path_factory.mktemp("presets")
    torch.manual_seed(0)
    save(Network(Shape(width=64, layers=1, kv_heads=1)), folder / "band.safetensors", {})
    (folder / "band.yaml").write_text("format: 1\nname: band\nweights: band.safetensors\nparts: []\n")
    return folder


@pytest.fixture
def meloformer(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Type:
    """Runs `meloformer` with these arguments, in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["meloformer", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfd.readouterr()
        code = ended.value.code
        if isinstance(code, str):  # what Python itself does with such an exit
            return Outcome(1, out, f"{err}{code}\n")
        return Outcome(code or 0, out, err)

    return run

"""Two real processes train one model over loopback, as copies or as shares: they learn what one learns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset

from meloformer.model import shape
from meloformer.model.network import Network
from meloformer.training import checkpoint
from meloformer.training.journal import entries
from meloformer.training.plan import BySteps
from meloformer.training.recipe import Recipe, adapted
from meloformer.training.run import train

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
PATIENCE_S = 300.0  # on two busy cores torch alone takes its time to start
STEPS = 4
SCENES = f"""
import sys
from pathlib import Path
import torch
from meloformer.model import shape
from meloformer.training import checkpoint, run, world
from meloformer.training.plan import BySteps
from meloformer.training.recipe import Recipe
from meloformer.training.run import train
from meloformer.training.store import open_store

def kept(state):
    moments = [value for one in state.optimizers for of in one.state.values() for value in of.values()]
    tensors = [*state.network.parameters(), *state.average.parameters(), *moments]
    return sum(getattr(tensor, "_local_tensor", tensor).numel() for tensor in tensors)

def begin(*arguments):
    states.append(usual_begin(*arguments))
    return states[-1]

def descent(network, recipe):
    others = [network.token.weight, network.instrument.weight]
    return [torch.optim.SGD(network.blocks.parameters()), torch.optim.SGD(others)]

def taken_by(name, recipe, **options):
    taken = []
    checkpoint.optimizers = descent if name.endswith("descent") else usual
    asked = lambda: world.rank() == 1 and len(taken) == asked_after
    train(store, out / name, Recipe(**recipe), BySteps({STEPS}, 0), tell=taken.append, stop=asked, **options)

torch.set_num_threads(1)
shape.SIZES["tiny"] = shape.Shape(width=64, layers=1, kv_heads=1)
store, out, usual = open_store(Path(sys.argv[1])), Path(sys.argv[2]), checkpoint.optimizers
states, usual_begin, run.begin = [], run.begin, begin
with world.joined():
    for name, recipe, shard, asked_after in eval(sys.argv[3]):
        taken_by(name, recipe, shard=shard)
        (out / name / f"kept {{world.rank()}}").write_text(str(kept(states.pop())))
"""
RECIPES: dict[str, Callable[[Recipe], Recipe]] = {
    "as it is": lambda recipe: recipe,
    "accumulated": lambda recipe: replace(recipe, accumulate=2),
    "adapters": adapted,
    "a row for one alone": lambda recipe: replace(recipe, batch=1),
    "descent": lambda recipe: replace(
        recipe, clip=1e9, matrix_rate=0.1, other_rate=0.1, warmup=0, accumulate=2
    ),
}
BOTH = pytest.mark.parametrize("shard", [False, True], ids=["copies", "shares"])


def descent(network: Network, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """As it stands in SCENES: how far a weight has moved tells its gradient."""
    others = [network.token.weight, network.instrument.weight]
    return [torch.optim.SGD(network.blocks.parameters()), torch.optim.SGD(others)]


def rows() -> Recipe:
    return Recipe(
        size="tiny", batch=3, tokens=128, bars=12, warmup=2, evaluate_every=2, save_every=1, average=0.9
    )


@pytest.fixture(scope="module")
def pair(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs that two processes have made, in `False` with copies, in `True` with shares."""
    out = tmp_path_factory.mktemp("pair")
    scenes: list[tuple[str, dict[str, Any], bool, int | None]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(shape.SIZES, "tiny", shape.Shape(width=64, layers=1, kv_heads=1))
        recipes = {name: asdict(changed(rows())) for name, changed in RECIPES.items()}
    for shard in (False, True):
        scenes += [(f"{shard}/{name}", recipe, shard, None) for name, recipe in recipes.items()]
        scenes += [(f"{shard}/asked", recipes["as it is"], shard, 3)]
    scenes += [
        ("both", recipes["as it is"], shard, after) for shard, after in ((False, 1), (True, 2), (False, None))
    ]
    script = out / "scenes.py"
    script.write_text(SCENES)
    command = [*TORCHRUN, str(script), str(store_path), str(out), repr(scenes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return out


def told(folder: Path) -> list[float]:
    """Losses of every step, then what held-out music cost."""
    losses = [entry["loss_nats"] for entry in entries(folder, "train")]
    return losses + [entry["bits_per_note"] for entry in entries(folder, "held_out")]


def saved(folder: Path) -> dict[str, Any]:
    return checkpoint.read(folder / checkpoint.NAME)


@BOTH
@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_learn_what_one_learns(
    pair: Path, store: Dataset, tmp_path: Path, name: str, shard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "descent":
        monkeypatch.setattr(checkpoint, "optimizers", descent)
    train(store, tmp_path, RECIPES[name](rows()), BySteps(STEPS, 0))
    assert told(pair / str(shard) / name) == pytest.approx(told(tmp_path), rel=2e-3)
    assert len(told(tmp_path)) == STEPS + STEPS // 2
    assert saved(pair / str(shard) / name)["seen"] == saved(tmp_path)["seen"]


@BOTH
@pytest.mark.parametrize("which", ["network", "average"])
def test_gradients_are_those_of_one_process_though_each_has_its_own_number_of_notes(
    pair: Path, store: Dataset, tmp_path: Path, shard: bool, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "optimizers", descent)
    recipe = RECIPES["descent"](rows())
    train(store, tmp_path / "begin", recipe, BySteps(0, 0))
    train(store, tmp_path / "alone", recipe, BySteps(STEPS, 0))
    begin, alone, both = (
        saved(folder)[which]
        for folder in (tmp_path / "begin", tmp_path / "alone", pair / str(shard) / "descent")
    )
    for name, tensor in begin.items():
        moved = (alone[name] - tensor).norm()
        assert (alone[name] - both[name]).norm() <= 0.02 * moved


@BOTH
def test_all_leave_after_the_step_at_which_one_is_asked_and_one_alone_goes_on(
    pair: Path, store: Dataset, tmp_path: Path, shard: bool
) -> None:
    folder = pair / str(shard) / "asked"
    assert saved(folder)["step"] == 3
    train(store, folder, rows(), BySteps(STEPS, 0))
    train(store, tmp_path, rows(), BySteps(STEPS, 0))
    assert told(folder) == pytest.approx(told(tmp_path), rel=2e-3)


def test_a_run_goes_on_as_shares_and_as_copies_again(pair: Path, store: Dataset, tmp_path: Path) -> None:
    train(store, tmp_path, rows(), BySteps(STEPS, 0))
    assert len(entries(pair / "both", "start")) == 3
    assert told(pair / "both") == pytest.approx(told(tmp_path), rel=2e-3)


@BOTH
def test_a_checkpoint_of_two_processes_has_the_shapes_of_one_of_one(
    pair: Path, store: Dataset, tmp_path: Path, shard: bool
) -> None:
    train(store, tmp_path, rows(), BySteps(1, 0))
    assert shapes(saved(pair / str(shard) / "as it is")) == shapes(saved(tmp_path))


def test_with_shares_a_process_keeps_half_of_weights_average_and_momentum(pair: Path) -> None:
    copies, shares = (
        [int((pair / shard / "as it is" / f"kept {rank}").read_text()) for rank in (0, 1)]
        for shard in ("False", "True")
    )
    assert copies[0] == copies[1]
    assert sum(shares) == pytest.approx(copies[0], rel=0.01)
    assert max(shares) < 0.52 * copies[0]


def shapes(value: Any) -> Any:
    """What a checkpoint is made of, without the numbers."""
    if isinstance(value, dict):
        return {name: shapes(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shapes(inner) for inner in value]
    return tuple(value.shape) if isinstance(value, torch.Tensor) else type(value)

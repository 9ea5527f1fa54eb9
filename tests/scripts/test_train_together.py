"""`torchrun meloformer train`, for real: one voice, one checkpoint, and one process may go on alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kit import wait_until
from meloformer.model import shape
from meloformer.model.shape import Shape
from meloformer.model.weights import facts_of
from meloformer.training import checkpoint
from meloformer.training.journal import entries
from tunes import write_tunes

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
PATIENCE_S = 300.0  # on two busy cores torch alone takes its time to start
COMMAND = """
from meloformer.model import shape
from meloformer.scripts.cli import main
shape.SIZES["tiny"] = shape.Shape(width=64, layers=1, kv_heads=1)
main()
"""


def test_torchrun_that_is_told_to_end_leaves_a_checkpoint_from_which_one_process_goes_on(
    meloformer, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tunes(tmp_path / "songs", 5)
    (tmp_path / "train_together.py").write_text(COMMAND)
    where = ["--presets", str(tiny), "--runs", str(tmp_path / "runs")]
    begin = ["train", str(tmp_path / "songs"), "--name", "pair", *where, "--from", "band", "--steps", "300"]
    process = subprocess.Popen(
        [*TORCHRUN, str(tmp_path / "train_together.py"), *begin],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    run = tmp_path / "runs" / "pair"
    try:
        wait_until(
            lambda: (run / checkpoint.NAME).exists() or process.poll() is not None, "a checkpoint", PATIENCE_S
        )
    finally:
        process.terminate()
        out, err = process.communicate(timeout=PATIENCE_S)
    step = checkpoint.step_of(run)
    assert out.count("minutes on this machine") == 1
    assert err.count("meloformer: ") == 1
    assert f"meloformer: pair stopped after step {step}; with --resume" in err
    assert not (tiny / "pair.yaml").exists()
    assert entries(run, "start")[0]["processes"] == 2

    monkeypatch.setitem(shape.SIZES, "tiny", Shape(width=64, layers=1, kv_heads=1))
    resumed = meloformer("train", tmp_path / "songs", "--name", "pair", *where, "--resume", "--steps", 1)
    assert resumed.code == 0
    assert facts_of(tiny / "pair.safetensors")["recipe"]
    assert checkpoint.step_of(run) == step + 1


def test_a_process_that_is_alone_has_nobody_to_share_a_model_with(
    meloformer, tiny: Path, tmp_path: Path
) -> None:
    write_tunes(tmp_path / "songs", 2)
    where = ["--presets", tiny, "--runs", tmp_path / "runs"]
    outcome = meloformer("train", tmp_path / "songs", "--name", "alone", "--shard", *where)
    assert outcome.code == 1
    assert "torchrun" in outcome.err

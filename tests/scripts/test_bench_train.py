"""What training costs: a record for each way to attend, with numbers that can be true."""

from __future__ import annotations

import json

import pytest
import torch

from meloformer.model import shape
from meloformer.model.masks import Columns
from meloformer.model.shape import Shape
from meloformer.scripts import bench_attention, bench_train
from meloformer.training.arithmetic import flops_of
from meloformer.training.rules import causal
from meloformer.training.speed import saved_bytes


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small model and one short length, under the name of a real size."""
    monkeypatch.setitem(shape.SIZES, "small", Shape(width=64, layers=1, kv_heads=1))
    for bench in (bench_train, bench_attention):
        monkeypatch.setattr(bench, "LENGTHS", (256,))


def test_bench_train_tells_speed_memory_and_waiting_for_each_attention(meloformer) -> None:
    outcome = meloformer("bench", "train", "--steps", 1, "--minutes", 5)
    assert outcome.code == 0
    machine, *kinds = (json.loads(line) for line in outcome.out.splitlines())
    assert machine["matmul_gflops"] > 0
    assert [kind["attention"] for kind in kinds] == ["causal", "fine", "fine + coarse"]
    for kind in kinds:
        assert kind["tokens_per_second"] > 0
        assert 0 < kind["flop_utilisation"] < 1
        assert 0 <= kind["waiting_share"] < 1
        assert kind["saved_mb_per_layer"] > 0
        assert kind["recompiles"] == 0


def test_nothing_is_begun_after_the_time(meloformer) -> None:
    assert len(meloformer("bench", "train", "--minutes", 0).out.splitlines()) == 1


def test_the_arithmetic_of_a_step_is_that_of_its_products() -> None:
    """One layer of width 64: by hand, 2 flops a product, three passes."""
    columns = Columns.of(torch.zeros(1, 6, 10, dtype=torch.int32), 2)
    one = Shape(width=64, layers=1, kv_heads=1)
    matrices = 64 * 64 * 2 + 64 * 128 + 3 * 64 * one.hidden
    table = 8 * 64 * shape.SIZE
    pairs = 10 * 11 // 2
    assert flops_of(one, columns, causal(columns)) == 3 * (2 * (10 * matrices + table) + 4 * pairs * 64)


def test_what_is_saved_counts_each_storage_once_and_no_weights() -> None:
    linear = torch.nn.Linear(8, 8, bias=False)
    x = torch.ones(4, 8, requires_grad=True)
    assert saved_bytes(lambda: (linear(x) * x).sum(), linear) == 2 * 4 * 8 * 4

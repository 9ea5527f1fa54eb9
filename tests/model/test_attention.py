"""FlexAttention and plain matmuls equal their dense twin."""

from __future__ import annotations

import shutil

import pytest
import torch

from meloformer.model.attention import block_mask, dense_attend, flex_attend, matmul_attend
from meloformer.model.layout import pack
from meloformer.model.masks import Columns, hid_attention
from meloformer.model.shape import HEAD_DIM
from music import columns, document

COMPILERS = ("g++", "clang++", "cl")
SUMMARIES, LENGTH = 128, 512


def packed() -> Columns:
    """Two rows of two pieces each, one of them with moved bars, and some padding."""
    pieces = [[document(seed, bars=5, missing=(1, 3)), document(seed + 2, bars=3)] for seed in range(2)]
    rows = [pack(row, SUMMARIES, LENGTH) for row in pieces]
    return columns(rows, SUMMARIES)


def test_the_blocks_that_are_kept_hold_all_that_is_seen() -> None:
    batch = packed()
    kept = block_mask(batch)
    assert kept.shape == (2, 1, SUMMARIES + LENGTH, SUMMARIES + LENGTH)
    assert 0 < kept.sparsity() < 100
    rule = kept.mask_mod
    at = torch.arange(SUMMARIES + LENGTH)
    zero = torch.zeros((), dtype=torch.long)
    assert torch.equal(
        rule(zero, zero, at[:, None], at[None, :]), hid_attention(batch)(zero, zero, at[:, None], at[None, :])
    )


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch says it to itself as it compiles
@pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="on a CPU it needs a C++ compiler")
def test_flex_attention_equals_the_dense_twin() -> None:
    batch = packed()
    torch.manual_seed(0)
    positions = SUMMARIES + LENGTH
    q_BHND, k_BKND, v_BKND = (torch.randn(2, heads, positions, HEAD_DIM) for heads in (2, 1, 1))
    with torch.inference_mode():
        flex = flex_attend(batch)(0, q_BHND, k_BKND, v_BKND)
        twin = dense_attend(batch)(0, q_BHND, k_BKND, v_BKND)
    torch.testing.assert_close(flex, twin, rtol=1e-4, atol=1e-5)


def test_plain_matmuls_equal_the_dense_twin_and_learn_the_same() -> None:
    batch = packed()
    torch.manual_seed(0)
    positions = SUMMARIES + LENGTH
    q_BHND, k_BKND, v_BKND = (
        torch.randn(2, heads, positions, HEAD_DIM, requires_grad=True) for heads in (4, 2, 2)
    )
    plain = matmul_attend(batch)(0, q_BHND, k_BKND, v_BKND)
    twin = dense_attend(batch)(0, q_BHND, k_BKND, v_BKND)
    torch.testing.assert_close(plain, twin, rtol=1e-4, atol=1e-5)
    weight = torch.randn_like(twin)
    gradients = [torch.autograd.grad((way * weight).sum(), (q_BHND, k_BKND, v_BKND)) for way in (plain, twin)]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-3, atol=1e-4)

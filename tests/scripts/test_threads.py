"""Verbs multiply on one thread in numpy, and on all that there are in torch."""

from __future__ import annotations

import subprocess
import sys

ASK = "import torch; print(torch.get_num_threads())"


def answer(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_training_keeps_its_threads_whatever_playing_wants() -> None:
    assert answer(f"import meloformer.scripts; {ASK}") == answer(ASK)


def test_playing_wants_one_thread_of_numpy() -> None:
    asked = "import os, meloformer.scripts; print(os.environ['OPENBLAS_NUM_THREADS'])"
    assert answer(asked) == "1"

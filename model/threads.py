"""How many threads numpy multiplies with; to be decided before numpy is imported."""

from __future__ import annotations

import os

_SETTINGS = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")  # not MKL_ and OMP_: torch trains by them


def use_one_thread() -> None:
    """Products of one token are so small that two threads on busy cores only wait for each other."""
    for setting in _SETTINGS:
        os.environ.setdefault(setting, "1")

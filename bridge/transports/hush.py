"""Silence for C libraries that write on standard error by themselves."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hushed() -> Iterator[None]:
    """Whatever is written to file descriptor 2 inside is lost.

    ALSA and JACK complain there when they are merely absent, which is a normal thing to find out.
    For moments only: what else of the process writes an error meanwhile is lost, too.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error: nothing to hush
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)

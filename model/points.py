"""Moments of a conversation that one can go back to."""

from __future__ import annotations

from dataclasses import dataclass

from meloformer.model.conversation import Mark
from meloformer.model.events import Key
from meloformer.model.listener import Bookmark


@dataclass(slots=True, weakref_slot=True, eq=False)
class Point:
    """A moment of a conversation, to go back to.

    The `bookmark` is of the network that plays, and becomes another one with it; None: that one has not read
    what was before.
    """

    mark: Mark
    bookmark: Bookmark | None


@dataclass(frozen=True, slots=True)
class Line:
    """A bar line inside an answer, before its bar of this number (from 0); `sounding`: its own notes."""

    point: Point
    bar: int
    sounding: frozenset[Key]

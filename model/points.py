"""Moments of a conversation that one can go back to."""

from __future__ import annotations

from dataclasses import dataclass

from meloformer.model.encoder import Encoder
from meloformer.model.grammar import Grammar
from meloformer.model.listener import Bookmark
from meloformer.model.manner import Manner
from meloformer.model.returning import Returning

Key = tuple[int, int]  # instrument and pitch


@dataclass(slots=True, weakref_slot=True, eq=False)
class Point:
    """A moment of a conversation, to go back to.

    The `bookmark` is of the network that plays, and becomes another one with it; None: that one has not read
    what was before.
    """

    tokens: int
    grammar: Grammar
    encoder: Encoder
    heard: frozenset[int]
    in_step: bool
    returning: Returning
    manner: Manner
    bookmark: Bookmark | None


@dataclass(frozen=True, slots=True)
class Line:
    """A bar line inside an answer, before its bar of this number (from 0); `sounding`: its own notes."""

    point: Point
    bar: int
    sounding: frozenset[Key]

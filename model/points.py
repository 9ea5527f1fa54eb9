"""Moments of a conversation that one can go back to."""

from __future__ import annotations

from dataclasses import dataclass

from meloformer.model.encoder import Encoder
from meloformer.model.grammar import Grammar
from meloformer.model.listener import Bookmark, Weights

Key = tuple[int, int]  # instrument and pitch


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a conversation, to go back to; `network` is whose `bookmark` it is."""

    tokens: int
    grammar: Grammar
    encoder: Encoder
    heard: frozenset[int]
    in_step: bool
    network: Weights
    bookmark: Bookmark


@dataclass(frozen=True, slots=True)
class Line:
    """A bar line inside an answer, before its bar of this number (from 0); `sounding`: its own notes."""

    point: Point
    bar: int
    sounding: frozenset[Key]

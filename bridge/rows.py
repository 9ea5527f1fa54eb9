"""One row of the tables of OSC addresses: an address, what it carries, and which message that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from meloformer.bridge.arguments import Argument, arguments_of

ROOT: Final = "/melo"

Message = TypeVar("Message")


@dataclass(frozen=True, slots=True)
class Row:
    """One address: what it carries, what it means, and what makes the message from checked values."""

    address: str
    meaning: str
    arguments: tuple[Argument, ...]
    make: Callable[..., Any]
    answer: str = ""

    @property
    def signature(self) -> str:
        return " ".join(argument.signature for argument in self.arguments)


def row_of(message: type, name: str, meaning: str, answer: str = "") -> Row:
    """The row of a message's class, whose annotated fields are what it carries."""
    return Row(f"{ROOT}/{name}", meaning, arguments_of(message), message, answer)

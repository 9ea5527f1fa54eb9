"""How the table of OSC addresses is kept: one row for each, entered by the message that it carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, dataclass_transform

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


INCOMING: Final[dict[str, Row]] = {}
OUTGOING: Final[dict[type, Row]] = {}


@dataclass_transform(frozen_default=True)
def incoming(name: str, meaning: str, answer: str = "") -> Callable[[type[Message]], type[Message]]:
    """A message that clients send; `answer` names the address that answers it."""

    def enter(plain: type[Message]) -> type[Message]:
        message = dataclass(frozen=True, slots=True)(plain)
        address = f"{ROOT}/{name}"
        INCOMING[address] = Row(address, meaning, arguments_of(message), message, answer)
        return message

    return enter


@dataclass_transform(frozen_default=True)
def outgoing(name: str, meaning: str) -> Callable[[type[Message]], type[Message]]:
    """A message that the bridge sends."""

    def enter(plain: type[Message]) -> type[Message]:
        message = dataclass(frozen=True, slots=True)(plain)
        OUTGOING[message] = Row(f"{ROOT}/{name}", meaning, arguments_of(message), message)
        return message

    return enter


def address_of(message: type) -> str:
    """The address of a message's class."""
    if message in OUTGOING:
        return OUTGOING[message].address
    return next(row.address for row in INCOMING.values() if row.make is message)

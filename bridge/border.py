"""OSC arguments in, messages out, and the other way round: nothing crosses unchecked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple
from difflib import get_close_matches
from typing import Any, Final, cast

from meloformer.bridge.arguments import Argument, Unfit, Value
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import CONTROL, INCOMING, Incoming, SetControl
from meloformer.bridge.outgoing import OUTGOING, Outgoing
from meloformer.bridge.rows import ROOT, Row

_LONGEST_ADDRESS_SHOWN: Final = 80
_PLAIN: Final[dict[str, Callable[[Any], Value]]] = {"i": int, "f": float, "s": str}


def read(address: str, values: Sequence[object]) -> Incoming:
    """The message of an address and its OSC arguments; raises Refused, which says what is allowed."""
    row = INCOMING.get(address)
    if row is None:
        raise Refused(Code.UNKNOWN_ADDRESS, address[:_LONGEST_ADDRESS_SHOWN], suggestion(address))
    arguments = _taken_by(row, len(values))
    if arguments is None:
        raise Refused(
            Code.WRONG_COUNT, address, f"takes {row.signature or 'no arguments'}, not {len(values)} values"
        )
    try:
        return cast(Incoming, row.make(*map(Argument.checked, arguments, values)))
    except Unfit as unfit:
        raise Refused(unfit.code, address, str(unfit)) from None


def _taken_by(row: Row, count: int) -> list[Argument] | None:
    """The arguments that so many values are for; None where the row takes no such number.

    Of fewer values than arguments, the optional ones are left out; a repeated one takes any number but none.
    """
    needed = [argument for argument in row.arguments if not argument.optional]
    if needed and needed[-1].repeated and count >= len(needed):
        return needed + [needed[-1]] * (count - len(needed))
    if count == len(needed):
        return needed
    return list(row.arguments) if count == len(row.arguments) else None


def arguments(message: Incoming) -> tuple[Value, ...]:
    """The OSC arguments of which `read` makes this message."""
    if not isinstance(message, SetControl):
        return astuple(message)
    channel = () if message.channel is None else (message.channel,)
    return (*channel, *(message.value if isinstance(message.value, tuple) else (message.value,)))


def write(message: Outgoing) -> tuple[str, tuple[Value, ...]]:
    """The address of a message and its OSC arguments: int for `i`, float for `f`, str for `s`."""
    row = OUTGOING[type(message)]
    return row.address, tuple(_values(row, message))


def _values(row: Row, message: Any) -> list[Value]:
    values: list[Value] = []
    for argument in row.arguments:
        value = getattr(message, argument.name)
        if argument.repeated:
            values.extend(value)
        else:
            values.append(_PLAIN[argument.tag](value))
    return values


def address_of(message: type) -> str:
    """The address of a message's class."""
    if message in OUTGOING:
        return OUTGOING[message].address
    return next(row.address for row in INCOMING.values() if row.make is message)


def sent_to(message: Incoming) -> str:
    """The address that an incoming message came for."""
    if isinstance(message, SetControl):
        return f"{CONTROL}/{message.name}"
    return address_of(type(message))


def suggestion(address: str) -> str:
    """What to say of an unknown address: the one that may be meant, and where to look."""
    near = get_close_matches(address[:_LONGEST_ADDRESS_SHOWN], INCOMING, n=1, cutoff=0.6)
    found = f"did you mean {near[0]}? " if near else ""
    return f"no such address; {found}{ROOT}/help lists them all"

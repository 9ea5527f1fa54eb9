"""OSC arguments in, messages out, and the other way round: nothing crosses unchecked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, Final, cast

from meloformer.bridge.addresses import Incoming, Outgoing
from meloformer.bridge.arguments import Unfit, Value
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.rows import INCOMING, OUTGOING, ROOT, Row

_LONGEST_ADDRESS_SHOWN: Final = 80
_PLAIN: Final[dict[str, Callable[[Any], Value]]] = {"i": int, "f": float, "s": str}


def read(address: str, values: Sequence[object]) -> Incoming:
    """The message of an address and its OSC arguments; raises Refused, which says what is allowed."""
    row = INCOMING.get(address)
    if row is None:
        raise Refused(Code.UNKNOWN_ADDRESS, address[:_LONGEST_ADDRESS_SHOWN], suggestion(address))
    needed = sum(not argument.optional for argument in row.arguments)
    if not needed <= len(values) <= len(row.arguments):
        raise Refused(
            Code.WRONG_COUNT, address, f"takes {row.signature or 'no arguments'}, not {len(values)} values"
        )
    try:
        checked = [argument.checked(value) for argument, value in zip(row.arguments, values, strict=False)]
    except Unfit as unfit:
        raise Refused(unfit.code, address, str(unfit)) from None
    return cast(Incoming, row.make(*checked))


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


def suggestion(address: str) -> str:
    """What to say of an unknown address: the one that may be meant, and where to look."""
    near = get_close_matches(address[:_LONGEST_ADDRESS_SHOWN], INCOMING, n=1, cutoff=0.6)
    found = f"did you mean {near[0]}? " if near else ""
    return f"no such address; {found}{ROOT}/help lists them all"

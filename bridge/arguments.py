"""What one argument of an OSC message may be: its type, range and unit, its check, and its line of text."""

from __future__ import annotations

import math
import types
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from meloformer.bridge.errors import Code

Value = int | float | str

LONGEST_TEXT: Final = 200
_TAGS: Final = {int: "i", float: "f", str: "s"}
_OTHERS: Final[dict[type, str]] = {int: "a whole number", float: "a number", bool: "true or false"}
_KINDS: Final = {"i": "a whole number", "f": "a number", "s": "a text", "*": "a value"}


class Unfit(ValueError):  # noqa: N818 - it becomes a refusal, never a fault
    """A value that its argument cannot take; `code` says in which way."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Says:
    """What an argument means and may be. `low` and `high` are themselves allowed; `choices` are of a text."""

    meaning: str
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: `tag` is its OSC type, `i`, `f` or `s` (`*`: any of them)."""

    name: str
    tag: str
    says: Says
    optional: bool = False
    repeated: bool = False

    def checked(self, value: object) -> Value:
        """The value as this argument's own type; raises Unfit. From clients without integers, 60.0 is 60."""
        if self.tag == "s" or (self.tag == "*" and isinstance(value, str)):
            return self._text(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit(Code.WRONG_TYPE, f"{self.name} must be {self.allowed}, not {_shown(value)}")
        if not (math.isfinite(value) and self.says.low <= value <= self.says.high):
            raise Unfit(Code.OUT_OF_RANGE, f"{self.name} must be {self.allowed}, not {value:g}")
        if self.tag in "f*":
            return float(value)
        if value != int(value):
            raise Unfit(Code.WRONG_TYPE, f"{self.name} must be {self.allowed}, not {value:g}")
        return int(value)

    def _text(self, value: object) -> str:
        if not isinstance(value, str):
            raise Unfit(Code.WRONG_TYPE, f"{self.name} must be {self.allowed}, not {_shown(value)}")
        if len(value) > LONGEST_TEXT:
            raise Unfit(Code.OUT_OF_RANGE, f"{self.name} must have at most {LONGEST_TEXT} characters")
        if self.says.choices and value not in self.says.choices:
            raise Unfit(Code.NOT_FOUND, f"{self.name} must be {self.allowed}, not {value!r}")
        return value

    @property
    def allowed(self) -> str:
        """What is allowed, in words: `a whole number from 1 to 16`."""
        if self.says.choices:
            return f"one of {', '.join(self.says.choices)}"
        low, high = self.says.low, self.says.high
        if math.isinf(low) or math.isinf(high):
            return _KINDS[self.tag] + (f" of at least {low:.15g}" if math.isfinite(low) else "")
        return f"{_KINDS[self.tag]} from {low:.15g} to {high:.15g}"

    @property
    def span(self) -> str:
        """The range with its unit, in brackets: ` (20 to 400 beats)`; empty where anything goes."""
        low, high = self.says.low, self.says.high
        if self.says.choices:
            return f" ({', '.join(self.says.choices)})"
        if math.isinf(low) or math.isinf(high):
            return f" ({self.says.unit})" if self.says.unit else ""
        return f" ({low:.15g} to {high:.15g} {self.says.unit}".rstrip() + ")"

    @property
    def signature(self) -> str:
        """As it stands in the reference: `i channel`, `[s address]`, `s names...`."""
        text = f"{self.tag} {self.name}" + ("..." if self.repeated else "")
        return f"[{text}]" if self.optional else text


def arguments_of(message: type) -> tuple[Argument, ...]:
    """The arguments that a message class declares by its annotated fields, in order."""
    hints = get_type_hints(message, include_extras=True)
    return tuple(
        _argument(field.name, hints[field.name], optional=field.default is not MISSING)
        for field in fields(message)
    )


def _argument(name: str, hint: Any, optional: bool) -> Argument:
    kind, says = get_args(hint)
    assert get_origin(hint) is Annotated and isinstance(says, Says)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return Argument(
            name, "*" if isinstance(inner, types.UnionType) else _TAGS[inner], says, repeated=True
        )
    return Argument(name, _TAGS[kind], says, optional)


def _shown(value: object) -> str:
    """A refused value for a message: short, whatever it is."""
    return f"{value!r:.40}" if isinstance(value, str) else _OTHERS.get(type(value), "something else")


# What messages of both directions carry.

MOST_BARS: Final = 64
MOST_VARIATIONS: Final = 8

Channel = Annotated[int, Says("MIDI channel; 10 is drums", 1, 16)]
Pitch = Annotated[int, Says("MIDI note number; 60 is middle C", 0, 127)]
Velocity = Annotated[int, Says("MIDI velocity", 1, 127)]
VariationIndex = Annotated[int, Says("which variation; 1 is the first", 1, MOST_VARIATIONS)]
Name = Annotated[str, Says("a preset's name")]

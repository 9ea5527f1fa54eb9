"""The kinds of field a preset file is made of.

Each kind knows what it allows, finds what is wrong with a value, fills in what was left out, and writes
itself as JSON Schema, side by side, so that the reader and the schema cannot drift apart. A document is plain
data here: no YAML, no files.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from meloformer.presets.control import numbers_from

Steps = tuple[str | int, ...]  # the way to a value: ("parts", 0, "channel")

SHOWN_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a document: where, what, and what is allowed there."""

    steps: Steps
    problem: str
    allowed: str


class Field(Protocol):
    """One kind of value."""

    @property
    def default(self) -> Any:
        """What stands where the file says nothing; None for nothing at all."""

    @property
    def allowed(self) -> str:
        """What may stand here, in words."""

    def faults(self, value: object, steps: Steps) -> Iterator[Fault]:
        """Everything wrong with a value that was found at `steps`."""

    def completed(self, value: Any) -> Any:
        """A faultless value, with the defaults of whatever it leaves out."""

    def schema(self) -> dict[str, Any]:
        """The same rules as JSON Schema."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a range. `except_for` leaves single values out, `word` lets one word in."""

    meaning: str
    low: float
    high: float
    default: float | None = None
    whole: bool = False
    unit: str = ""
    except_for: Mapping[int, str] = field(default_factory=dict)
    word: str | None = None

    @property
    def allowed(self) -> str:
        text = numbers_from(self.low, self.high, self.whole) + (f" {self.unit}" if self.unit else "")
        text += "".join(f", but not {value} ({reason})" for value, reason in self.except_for.items())
        return text + (f", or the word {self.word}" if self.word else "")

    def faults(self, value: object, steps: Steps) -> Iterator[Fault]:
        if not self._allows(value):
            yield Fault(steps, f"{shown(value)} is not allowed", self.allowed)

    def _allows(self, value: object) -> bool:
        if isinstance(value, str):
            return value == self.word
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        in_range = self.low <= value <= self.high  # false for NaN and for infinities
        return in_range and value not in self.except_for and not (self.whole and value != int(value))

    def completed(self, value: Any) -> Any:
        if isinstance(value, str):
            return value
        return int(value) if self.whole else float(value)

    def schema(self) -> dict[str, Any]:
        kind = "integer" if self.whole else "number"
        number: dict[str, Any] = {"type": kind, "minimum": self.low, "maximum": self.high}
        if self.except_for:
            number["not"] = {"enum": list(self.except_for)}
        shape = {"anyOf": [number, {"const": self.word}]} if self.word else number
        return shape | _about(f"{self.meaning}: {self.allowed}", self.default)


@dataclass(frozen=True, slots=True)
class Text:
    """Words. `pattern` must read the same in Python and in ECMAScript: `(?!\\n)` after `$` sees to that."""

    meaning: str
    allowed: str
    longest: int
    pattern: str = ""
    default: str | None = None

    def faults(self, value: object, steps: Steps) -> Iterator[Fault]:
        if not isinstance(value, str):
            yield Fault(steps, f"{shown(value)} is not text", self.allowed)
        elif len(value) > self.longest or not re.search(self.pattern, value):
            yield Fault(steps, f"{shown(value)} is not allowed", self.allowed)

    def completed(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        shape = {"type": "string", "maxLength": self.longest} | (
            {"pattern": self.pattern} if self.pattern else {}
        )
        return shape | _about(f"{self.meaning}: {self.allowed}", self.default)


@dataclass(frozen=True, slots=True)
class Choice:
    """One word of a few."""

    meaning: str
    options: tuple[str, ...]
    default: str | None = None

    @property
    def allowed(self) -> str:
        return "one of " + ", ".join(self.options)

    def faults(self, value: object, steps: Steps) -> Iterator[Fault]:
        if value not in self.options:
            yield Fault(steps, f"{shown(value)} is not allowed{nearest(value, self.options)}", self.allowed)

    def completed(self, value: Any) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.options)} | _about(self.meaning, self.default)


@dataclass(frozen=True, slots=True)
class Span:
    """Two whole numbers, the lower and the upper end of a range."""

    meaning: str
    low: int
    high: int
    optional: bool = False  # where nothing is said, nothing is meant; else the whole of it

    @property
    def default(self) -> list[int] | None:
        return None if self.optional else [self.low, self.high]

    @property
    def allowed(self) -> str:
        return f"two whole numbers from {self.low} to {self.high}, like [{self.low}, {self.high}]"

    @property
    def _end(self) -> Number:
        return Number(self.meaning, self.low, self.high, whole=True)

    def faults(self, value: object, steps: Steps) -> Iterator[Fault]:
        if not isinstance(value, list) or len(value) != 2:
            yield Fault(steps, f"{shown(value)} is not allowed", self.allowed)
            return
        for index, end in enumerate(value):
            yield from self._end.faults(end, (*steps, index))

    def completed(self, value: Any) -> Any:
        return [self._end.completed(end) for end in value]

    def schema(self) -> dict[str, Any]:
        shape = {"type": "array", "items": self._end.schema(), "minItems": 2, "maxItems": 2}
        return shape | _about(self.meaning, self.default)


@dataclass(frozen=True, slots=True)
class Group:
    """Named fields.

    `required` must be there; of each tuple in `one_of`, exactly one must be. `elsewhere` tells where a field
    that people look for here has its place.
    """

    meaning: str
    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def default(self) -> dict[str, Any]:
        return {}

    @property
    def allowed(self) -> str:
        return "the fields " + ", ".join(self.fields)

    def faults(self, value: object, steps: Steps) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(steps, f"{shown(value)} is not a group of fields", self.allowed)
            return
        for name, item in value.items():
            if name in self.fields:
                yield from self.fields[name].faults(item, (*steps, name))
            else:
                yield Fault((*steps, name), f"this field is not known here{self._hint(name)}", self.allowed)
        yield from self._absent(value, steps)

    def _hint(self, name: str) -> str:
        home = self.elsewhere.get(name)
        return f"; its place is {home}" if home else nearest(name, self.fields)

    def _absent(self, value: Mapping[str, object], steps: Steps) -> Iterator[Fault]:
        for name in self.required:
            if name not in value:
                yield Fault((*steps, name), "this field is missing", self.fields[name].allowed)
        for names in self.one_of:
            found = [name for name in names if name in value]
            if len(found) != 1:
                problem = f"{' and '.join(found)} exclude each other" if found else "something is missing"
                yield Fault(steps, problem, f"exactly one of {', '.join(names)}")

    def completed(self, value: Any) -> Any:
        return {
            name: kind.completed(value[name]) if name in value else _filled(kind)
            for name, kind in self.fields.items()
        }

    def schema(self) -> dict[str, Any]:
        shape: dict[str, Any] = {"type": "object", "description": self.meaning, "additionalProperties": False}
        shape["properties"] = {name: kind.schema() for name, kind in self.fields.items()}
        if self.required:
            shape["required"] = list(self.required)
        if self.one_of:
            shape["allOf"] = [{"oneOf": [{"required": [name]} for name in names]} for names in self.one_of]
        return shape


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of groups that are all alike."""

    meaning: str
    row: Group
    longest: int
    default: list[dict[str, Any]] = field(default_factory=list)

    @property
    def allowed(self) -> str:
        return f"a list of at most {self.longest} entries ([] for none)"

    def faults(self, value: object, steps: Steps) -> Iterator[Fault]:
        if not isinstance(value, list) or len(value) > self.longest:
            yield Fault(steps, f"{shown(value)} is not allowed", self.allowed)
            return
        for index, item in enumerate(value):
            yield from self.row.faults(item, (*steps, index))

    def completed(self, value: Any) -> Any:
        return [self.row.completed(item) for item in value]

    def schema(self) -> dict[str, Any]:
        shape = {"type": "array", "maxItems": self.longest, "items": self.row.schema()}
        return shape | _about(self.meaning, self.default)


def shown(value: object) -> str:
    """A value as a message shows it: what is empty is called nothing, what is long is cut."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def nearest(word: object, known: Collection[str]) -> str:
    """`; did you mean X?` where something known is spelt nearly like it, else nothing."""
    close = difflib.get_close_matches(str(word)[:SHOWN_CHARACTERS], known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _filled(kind: Field) -> Any:
    return None if kind.default is None else kind.completed(kind.default)


def _about(meaning: str, default: object) -> dict[str, Any]:
    return {"description": meaning} | ({} if default is None else {"default": default})

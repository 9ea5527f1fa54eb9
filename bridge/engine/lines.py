"""One message between bridge and engine as one JSON line, and back.

A line is `{"v": 3, "kind": "heard", ...fields}`. Never pickle: a line that is not exactly one of the messages
in `messages.py` is refused with `MessageError`, whoever wrote it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final, get_args

from meloformer.bridge.engine.messages import (
    MOST_BARS,
    Ask,
    Choose,
    Ended,
    FromEngine,
    Heard,
    Infill,
    Load,
    Loaded,
    LoadFailed,
    Message,
    NextBar,
    PlayAlong,
    Question,
    Quit,
    Reset,
    Revise,
    Said,
    Stop,
    ToEngine,
    Trouble,
    Vary,
    Weigh,
    Weighed,
)
from meloformer.bridge.engine.rules_line import rules_from, rules_line
from meloformer.bridge.settings import DEVICES
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn, TempoSet
from meloformer.model.limits import Rules
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter
from meloformer.model.vocabulary import CHORD, INSTRUMENTS, TEMPOS, VELOCITIES

VERSION: Final = 3
LONGEST_LINE: Final = 65_536
_QUESTIONS: Final = get_args(Question)


class MessageError(ValueError):
    """A line between bridge and engine that is none of the messages: what, why, and the way out.

    `request` is set where it would have been a question of that name: somebody waits for its end.
    """

    def __init__(self, reason: str, request: str | None = None) -> None:
        super().__init__(reason)
        self.request = request


def to_line(message: Message) -> bytes:
    """One message as one line, with its line end."""
    record = {"v": VERSION, "kind": _KIND_OF[type(message)]}
    for field in fields(message):
        record[field.name] = _WRITERS.get(str(field.type), _as_it_is)(getattr(message, field.name))
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Message:
    """The message of one line; raises MessageError for anything else."""
    if len(line) > LONGEST_LINE:
        raise MessageError(f"a line of {len(line)} bytes; at most {LONGEST_LINE}, split it into messages")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"not a JSON line ({error!s:.60}); is this another program's output?") from None
    if not isinstance(record, dict) or record.pop("v", None) != VERSION:
        raise MessageError(f"not a version {VERSION} message; engine and bridge must be of one installation")
    kind = _KINDS.get(_text(record.pop("kind", "")))
    if kind is None:
        raise MessageError(f"unknown kind of message; known are {', '.join(_KINDS)}")
    try:
        return _read(kind, record)
    except MessageError as error:
        request = record.get("request") if kind in _QUESTIONS else None
        raise MessageError(str(error), request if isinstance(request, str) else None) from None


def to_engine(line: bytes) -> ToEngine:
    """The message of a line that the engine got; raises MessageError."""
    message = from_line(line)
    if not isinstance(message, ToEngine):
        raise MessageError(f"{_KIND_OF[type(message)]} is for the engine to say, not to be told")
    return message


def from_engine(line: bytes) -> FromEngine:
    """The message of a line that the engine wrote; raises MessageError."""
    message = from_line(line)
    if not isinstance(message, FromEngine):
        raise MessageError(f"{_KIND_OF[type(message)]} is for the engine to be told, not to say")
    return message


def _read(kind: type[Message], record: Mapping[str, Any]) -> Message:
    names = [field.name for field in fields(kind)]
    if sorted(names) != sorted(record):
        raise MessageError(f"{_KIND_OF[kind]} has the fields {names}, not {list(record)}")
    values = {field.name: _READERS[str(field.type)](record[field.name]) for field in fields(kind)}
    if "bars" in values and not 1 <= values["bars"] <= MOST_BARS:
        raise MessageError(f"bars must be 1 to {MOST_BARS}, not {values['bars']}")
    if "first" in values and not 0 <= values["first"] <= values["last"] < values["of"]:
        raise MessageError(f"first to last must lie in the first {values['of']} bars")
    return kind(**values)


def _as_it_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise MessageError(f"expected a text, not {value!r:.40}")
    return value


def _device(value: Any) -> str:
    if value not in DEVICES:
        raise MessageError(f"a device is one of {', '.join(DEVICES)}, not {value!r:.40}")
    return _text(value)


def _whole(value: Any, low: int = -(2**63), high: int = 2**63 - 1) -> int:
    if type(value) is not int or not low <= value <= high:
        raise MessageError(f"expected a whole number from {low} to {high}, not {value!r:.40}")
    return value


def _number(value: Any) -> float:
    if type(value) is int and abs(value) < 2**63:
        return float(value)
    if type(value) is not float or not math.isfinite(value):
        raise MessageError(f"expected a finite number, not {value!r:.40}")
    return value


def _list(value: Any, *lengths: int) -> list[Any]:
    if not isinstance(value, list) or (lengths and len(value) not in lengths):
        raise MessageError(f"expected a list, not {value!r:.40}")
    return value


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(_number(each) for each in _list(value))


def _tellings(value: Any) -> tuple[tuple[Event, ...], ...]:
    return tuple(tuple(_event(each) for each in _list(telling)) for telling in _list(value))


def _named_instruments(value: Any) -> tuple[int, ...]:
    return tuple(_whole(each, 0, INSTRUMENTS - 1) for each in _list(value))


def _instruments(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    return _named_instruments(value)


def _sampling(value: Any) -> Sampling:
    numbers = [_number(each) for each in _list(value, 5)]
    try:
        return Sampling(*numbers)
    except ValueError as error:
        raise MessageError(f"so no note can be chosen: {error}") from None


def _rules(value: Any) -> Rules:
    try:
        return rules_from(value)
    except ValueError as error:
        raise MessageError(
            f"these are no rules ({error}); engine and bridge must be of one installation"
        ) from None


def _event(value: Any) -> Event:
    name, *rest = _list(value, 3, 4, 5)
    reader = _EVENT_READERS.get(_text(name))
    if reader is None:
        raise MessageError(f"unknown event {name!r:.40}; known are {', '.join(_EVENT_READERS)}")
    try:
        return reader(*rest)
    except TypeError:
        raise MessageError(f"event {name} has another number of values than {rest!r:.60}") from None


def _bar_start(value: Any) -> BarStart:
    event = _event(value)
    if not isinstance(event, BarStart):
        raise MessageError(f"expected a bar line, not {value!r:.40}")
    return event


def _bar(tick: Any, numerator: Any, denominator: Any, chord: Any) -> Event:
    meter = _meter(numerator, denominator)
    return BarStart(_whole(tick, 0), meter, None if chord is None else _whole(chord, 0, CHORD.size - 1))


def _meter(numerator: Any, denominator: Any) -> Meter:
    meter = Meter(_whole(numerator, 1, 2**15), _whole(denominator, 1, 2**15))
    if not meter.is_encodable:
        raise MessageError(f"meter {meter.numerator}/{meter.denominator} is not one a bar can have")
    return meter


def _tempo(tick: Any, step: Any) -> Event:
    return TempoSet(_whole(tick, 0), _whole(step, 0, TEMPOS - 1))


def _off(tick: Any, instrument: Any, pitch: Any) -> Event:
    return NoteOff(_whole(tick, 0), _whole(instrument, 0, INSTRUMENTS - 1), _whole(pitch, 0, 127))


def _on(tick: Any, instrument: Any, pitch: Any, velocity: Any) -> Event:
    off = _off(tick, instrument, pitch)
    assert isinstance(off, NoteOff)
    return NoteOn(*off, _whole(velocity, 0, VELOCITIES - 1))


def _write_event(event: Event) -> list[Any]:
    if isinstance(event, BarStart):
        return ["bar", event.tick, *event.meter, event.chord]
    return [_EVENT_NAMES[type(event)], *event]


_KINDS: Final[dict[str, type[Message]]] = {
    kind.__name__.lower(): kind
    for kind in (
        Load,
        Reset,
        Heard,
        Ask,
        Vary,
        Choose,
        PlayAlong,
        NextBar,
        Infill,
        Revise,
        Stop,
        Quit,
        Loaded,
        LoadFailed,
        Said,
        Ended,
        Trouble,
        Weigh,
        Weighed,
    )
}
_KIND_OF: Final[dict[type[Message], str]] = {kind: name for name, kind in _KINDS.items()}
_EVENT_NAMES: Final[dict[type[Event], str]] = {TempoSet: "tempo", NoteOff: "off", NoteOn: "on"}
_EVENT_READERS: Final[dict[str, Callable[..., Event]]] = {
    "bar": _bar,
    "tempo": _tempo,
    "off": _off,
    "on": _on,
}
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "str": _text,
    "Device": _device,
    "int": _whole,
    "float": _number,
    "Event": _event,
    "BarStart": _bar_start,
    "Meter": lambda value: _meter(*_list(value, 2)),
    "tuple[int, ...]": _named_instruments,
    "tuple[float, ...]": _numbers,
    "tuple[tuple[Event, ...], ...]": _tellings,
    "Sampling": _sampling,
    "Rules": _rules,
    "tuple[int, ...] | None": _instruments,
}
_WRITERS: Final[dict[str, Callable[[Any], Any]]] = {
    "Event": _write_event,
    "BarStart": _write_event,
    "tuple[tuple[Event, ...], ...]": lambda tellings: [[*map(_write_event, each)] for each in tellings],
    "Sampling": lambda said: [said.temperature, said.top_p, said.min_p, said.echo, said.memory],
    "Rules": rules_line,
}

"""Messages between bridge and engine: what is written is what is read, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.bridge.engine.lines import LONGEST_LINE, VERSION, MessageError, from_line, to_line
from meloformer.bridge.engine.messages import (
    Ask,
    Choose,
    Ended,
    Heard,
    Infill,
    Load,
    Loaded,
    LoadFailed,
    Message,
    NextBar,
    PlayAlong,
    Quit,
    Reset,
    Said,
    Sampling,
    Stop,
    Trouble,
    Vary,
    Weigh,
    Weighed,
)
from meloformer.bridge.settings import DEVICES
from meloformer.model.events import BarStart, NoteOff, NoteOn, TempoSet
from meloformer.model.limits import GRIDS, Playing, Rules
from meloformer.model.score import Meter

FREELY: list[Any] = [None, "all", [], [], [[[0, 127]], None, None, [1, 127], False], False]
ticks = st.integers(0, 2**40)
instruments = st.integers(0, 128)
pitches = st.integers(0, 127)
bars = st.builds(
    BarStart, ticks, st.sampled_from([Meter(4, 4), Meter(7, 8)]), st.none() | st.integers(0, 109)
)
events = st.one_of(
    bars,
    st.builds(TempoSet, ticks, st.integers(0, 127)),
    st.builds(NoteOff, ticks, instruments, pitches),
    st.builds(NoteOn, ticks, instruments, pitches, st.integers(0, 31)),
)
finite = st.floats(allow_nan=False, allow_infinity=False)
samplings = st.builds(
    Sampling, st.floats(0, 2), st.floats(0.1, 1), st.floats(0, 0.5), st.floats(0, 1), st.floats(0, 1)
)
spans = st.tuples(st.integers(1, 127), st.integers(1, 127)).map(lambda ends: (min(ends), max(ends)))
playings = st.builds(
    Playing,
    pitches=st.lists(spans, max_size=3).map(tuple),
    polyphony=st.none() | st.integers(1, 32),
    density=st.none() | st.floats(0.25, 32),
    velocities=spans,
    silent=st.booleans(),
)
rules = st.builds(
    Rules,
    scale=st.none() | st.lists(st.integers(0, 11), min_size=1).map(tuple),
    grid=st.sampled_from(list(GRIDS)),
    chords=st.lists(st.integers(0, 109), max_size=4).map(tuple),
    playing=st.lists(st.tuples(instruments, playings), max_size=3).map(tuple),
    others=playings,
)
players = st.none() | st.lists(instruments).map(tuple)
messages = st.one_of(
    st.builds(Load, st.text(), st.text(), st.sampled_from(DEVICES)),
    st.builds(Reset, st.integers(0, 2**31)),
    st.builds(Heard, events),
    st.builds(Ask, st.text(), st.integers(1, 64), samplings, players, rules),
    st.builds(Vary, st.text(), st.integers(1, 64), samplings, players, rules),
    st.builds(Choose, st.text()),
    st.just(PlayAlong()),
    st.builds(NextBar, st.text(), bars, samplings, st.lists(instruments).map(tuple), rules),
    st.builds(
        Infill, st.text(), st.just(1), st.integers(1, 3), st.integers(4, 9), samplings, st.none(), rules
    ),
    st.builds(Weigh, st.text(), st.lists(st.lists(events, max_size=4).map(tuple), max_size=3).map(tuple)),
    st.builds(Weighed, st.text(), st.lists(finite, max_size=7).map(tuple)),
    st.builds(Stop, st.text()),
    st.just(Quit()),
    st.builds(Loaded, st.text(), finite),
    st.builds(LoadFailed, st.text(), st.text()),
    st.builds(Said, st.text(), events),
    st.builds(Ended, st.text(), st.integers(0, 10_000), st.text()),
    st.builds(Trouble, st.text()),
)


@given(messages)
def test_every_message_survives_its_line(message: Message) -> None:
    line = to_line(message)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert from_line(line) == message


def line(kind: str, **fields: Any) -> bytes:
    return json.dumps({"v": VERSION, "kind": kind, **fields}).encode()


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\xff\xfe",
        b"[" * 60_000,
        b"9" * 5_000,
        b"null",
        b'{"v": 1, "kind": "quit"}',
        b'{"kind": "quit"}',
        b" " * (LONGEST_LINE + 1),
        line("format", disk="c:"),
        line("quit", now=True),
        line("reset"),
        line("reset", seed=1.0),
        line("reset", seed=True),
        line("loaded", name="band", milliseconds=10**400),
        b'{"v": 2, "kind": "loaded", "name": "band", "milliseconds": NaN}',
        line("heard", event=["on", 0, 0, 60]),
        line("heard", event=["on", 0, 0, 60, 32]),
        line("heard", event=["off", -1, 0, 60]),
        line("heard", event=["off", 0, 129, 60]),
        line("heard", event=["bar", 0, 4, 3, None]),
        line("heard", event=["tempo", 0, 128]),
        line("heard", event=["exec", 0, 0]),
        line("heard", event={"on": 1}),
        line(
            "nextbar",
            request="1",
            start=["on", 0, 0, 60, 20],
            sampling=[1, 1, 0, 1, 0],
            instruments=[0],
            rules=FREELY,
        ),
        line(
            "infill",
            request="1",
            first=2,
            last=1,
            of=4,
            sampling=[1, 1, 0, 1, 0],
            instruments=None,
            rules=FREELY,
        ),
        line(
            "infill",
            request="1",
            first=0,
            last=4,
            of=4,
            sampling=[1, 1, 0, 1, 0],
            instruments=None,
            rules=FREELY,
        ),
        line(
            "infill",
            request="1",
            first=-1,
            last=0,
            of=4,
            sampling=[1, 1, 0, 1, 0],
            instruments=None,
            rules=FREELY,
        ),
        line("ask", request="1", bars=0, sampling=[1, 1, 0, 1, 0], instruments=None, rules=FREELY),
        line("ask", request="1", bars=8, sampling=[5, 1, 0, 1, 0], instruments=None, rules=FREELY),
        line("ask", request="1", bars=8, sampling=[1, 1e-7, 0, 1, 0], instruments=None, rules=FREELY),
        line("ask", request="1", bars=8, sampling=[1, 1, 0.9995, 1, 0], instruments=None, rules=FREELY),
        line("ask", request="1", bars=8, sampling=[1, 1, 0, 1, 0], instruments=[300], rules=FREELY),
        line("ask", request="1", bars=8, sampling=[1, 1, 0, 1, 0], instruments=None),
        *(
            line("ask", request="1", bars=8, sampling=[1, 1, 0, 1, 0], instruments=None, rules=broken)
            for broken in (
                None,
                [],
                [[], *FREELY[1:]],
                [[12], *FREELY[1:]],
                [None, "swing", *FREELY[2:]],
                [*FREELY[:2], [110], *FREELY[3:]],
                [*FREELY[:3], [[129, *FREELY[4]]], *FREELY[4:]],
                [*FREELY[:4], [[[72, 48]], None, None, [1, 127], False], False],
                [*FREELY[:4], [[[0, 127]], 0, None, [1, 127], False], False],
                [*FREELY[:4], [[[0, 127]], None, -1.0, [1, 127], False], False],
                [*FREELY[:4], [[[0, 127]], None, None, [0, 127], False], False],
                [*FREELY[:4], [[[0, 127]], None, None, [1, 127], 1], False],
                [*FREELY[:5], 1],
            )
        ),
        line("ask", request=1, bars=8, sampling=[1, 1, 0, 1, 0], instruments=None, rules=FREELY),
    ],
)
def test_a_line_that_is_no_message_is_refused(hostile: bytes) -> None:
    with pytest.raises(MessageError):
        from_line(hostile)


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_any_line_is_read_or_refused(data: bytes) -> None:
    with pytest.raises(MessageError):
        from_line(data)

"""What the person who started the bridge reads: one line for what matters, made from what happened."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from queue import SimpleQueue
from typing import Any, Final, TextIO

from meloformer.bridge import now, running
from meloformer.bridge.border import address_of
from meloformer.bridge.engine.messages import Loaded, LoadFailed, Trouble
from meloformer.bridge.incoming import TransportFree
from meloformer.bridge.outgoing import OutBegin
from meloformer.bridge.session.actions import Action, Send
from meloformer.bridge.session.events import (
    EngineGone,
    MappingLost,
    MidiBack,
    MidiGone,
    PresetRefused,
    Rejected,
    SessionEvent,
    TakeLost,
)
from meloformer.bridge.session.state import Engine, State
from meloformer.model.events import NoteOn

REFUSALS_APART_S: Final = 1.0
MOST_LINES: Final = 1000  # that wait for whoever reads
LAST_LINES_S: Final = 0.3


class Console:
    """Good news goes to standard output, bad news to standard error; refusals at most one a second."""

    def __init__(self) -> None:
        self._quiet_until_s = 0.0
        self._untold = 0

    def tell(self, event: SessionEvent, moment: float, state: State) -> None:
        """Print what there is to say about an event of `moment` (monotonic seconds) that led to `state`."""
        if isinstance(event, Rejected) and moment < self._quiet_until_s:
            self._untold += 1
            return
        if line := good_news(event):
            print(line, flush=True)
        if line := bad_news(event, state.engine is Engine.READY):
            print(line + self._others(event, moment), file=sys.stderr, flush=True)

    def tell_answers(self, actions: Iterable[Action], state: State) -> None:
        """Print a line for an answer that begins; music without end is told once."""
        for action in actions:
            match action:
                case Send(OutBegin() as begin, at) if at is None or not state.endless:
                    print(begun(begin, state), flush=True)

    def _others(self, event: SessionEvent, moment: float) -> str:
        if not isinstance(event, Rejected):
            return ""
        untold, self._untold = self._untold, 0
        self._quiet_until_s = moment + REFUSALS_APART_S
        return f" (and {untold} more before)" if untold else ""


def good_news(event: SessionEvent) -> str | None:
    """A line for standard output."""
    match event:
        case Loaded(name, milliseconds):
            return f"preset {name} loaded in {milliseconds / 1000:.1f} s"
        case MidiBack(ports):
            return f"MIDI {ports} again"
    return None


def bad_news(event: SessionEvent, has_model: bool) -> str | None:
    """A line for standard error; `has_model`: a preset plays on, whatever became of another one."""
    match event:
        case LoadFailed(name, reason) | PresetRefused(name, reason):
            stays = ", the one before stays" if has_model else ""
            return f"preset {name} cannot be used{stays}: {reason}"
        case EngineGone(reason) | Trouble(reason) | TakeLost(reason) | MappingLost(reason) | MidiGone(reason):
            return reason
        case Rejected(refused):
            return f"refused: {refused}"
    return None


def begun(begin: OutBegin, state: State) -> str:
    """What was heard, if it was not answered before, and what answers it."""
    bpm = _bpm(state)
    if begin.bars == 0:
        return f"playing along, {bpm}"
    if state.answer is not None and state.answer.span is not None:
        return f"making {_counted(begin.bars, 'bar')} anew, {bpm}"
    bars = "until stopped" if state.endless else _counted(begin.bars, "bar")
    transcript = state.transcript
    if len(transcript.bars) + transcript.dropped > state.phrase_bars:
        return f"playing on, {bpm}; answering {bars}"
    heard = _counted(state.phrase_bars, "bar")
    if not transcript.dropped:
        notes = sum(isinstance(event, NoteOn) for bar in transcript.bars for event in bar.events)
        heard = f"{_counted(notes, 'note')} in {heard}"
    return f"heard {heard}, {bpm}; answering {bars}"


def own_tempo(state: State) -> str | None:
    """A line on the tempo that phrases are heard by, where nobody has set one and no clock says it."""
    clock = state.clock
    led = state.pulse is not None or state.link is not None or state.following in ("midi", "link")
    if clock.running or led or state.free.on:
        return None
    tempo = f"{_bpm(state)}, {clock.meter.numerator}/{clock.meter.denominator}"
    way_out = f"{address_of(TransportFree)} 1 or listen.tempo: free in the preset"
    return f"tempo: {tempo}, by the bridge's own clock; play freely by your own tempo with {way_out}"


def _bpm(state: State) -> str:
    return f"{round(state.clock.bpm, 1):g} bpm"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


class Aside(io.RawIOBase):
    """The end of a stream whose writers never wait: `serve`, on a thread of its own, hands on what they say.

    Perhaps nobody reads what a bridge prints, or whoever did is gone; neither may hold a note up. What comes
    while too many lines wait is lost.
    """

    def __init__(self, beneath: io.RawIOBase) -> None:
        """`beneath` has no buffer, for the lock of one that is full would keep Python from ending."""
        self._beneath = beneath
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._served: SimpleQueue[None] = SimpleQueue()

    def writable(self) -> bool:
        return True

    def write(self, line: Any) -> int:
        """Keep bytes to be written."""
        if self._lines.qsize() < MOST_LINES:
            self._lines.put(bytes(line))
        return len(line)

    def serve(self) -> None:
        """Write what there is, until the end."""
        while (line := self._lines.get()) is not None:
            with suppress(OSError, ValueError):
                self._beneath.write(line)
        self._served.put(None)

    def finish(self) -> None:
        """Let the last lines come out, if somebody takes them; wait a moment for that."""
        self._lines.put(None)
        now.wait(self._served, now.seconds() + LAST_LINES_S)


@contextmanager
def printed_aside() -> Iterator[None]:
    """Inside, whoever prints, on standard output or on standard error, never waits for who reads it."""
    with ExitStack() as stack:
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if stream is not None:
                stack.enter_context(_turned_aside(stream, redirect))
        yield


@contextmanager
def _turned_aside(stream: TextIO, redirect: Callable[[TextIO], Any]) -> Iterator[None]:
    stream.flush()
    with open(stream.fileno(), "wb", buffering=0, closefd=False) as beneath:
        aside = Aside(beneath)
        text = io.TextIOWrapper(
            io.BufferedWriter(aside), stream.encoding, "backslashreplace", line_buffering=True
        )
        running.start(aside.serve, "printing")
        try:
            with redirect(text):
                yield
        finally:
            text.flush()
            aside.finish()

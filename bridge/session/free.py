"""Free playing: no clock runs, so the beat is the player's; what was played is told once it has been found.

While somebody plays, the notes are kept as they were struck, and the estimate is shown as it settles. When
the phrase is over, its tempo, its bar lines and its meter become the transport's, and the engine hears the
phrase on that grid. A tempo or a meter that a person sets stays so; where a clock runs, nothing is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from meloformer.bridge.beat_grid import EARLY_BEATS
from meloformer.bridge.beats import Estimate, Onset, estimate
from meloformer.bridge.border import address_of
from meloformer.bridge.capture import Capture
from meloformer.bridge.engine.messages import Weigh, Weighed
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.hand import Hand
from meloformer.bridge.incoming import LiveNote, TransportFree
from meloformer.bridge.outgoing import TransportEstimate
from meloformer.bridge.readings import READINGS, Verdict
from meloformer.bridge.session.answering import let_go
from meloformer.bridge.session.following import is_led
from meloformer.bridge.session.free_phrase import Asked, Free, FreePhrase, Moment
from meloformer.bridge.session.state import Engine
from meloformer.bridge.session.telling import tellings
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import COMMON_TIME, Bars, quarters
from meloformer.model.events import Event
from meloformer.model.score import Meter
from meloformer.model.vocabulary import DRUMS

MOST_MOMENTS: Final = 40_000  # of one phrase: notes, their ends, pedals
# The estimate is made anew this often while somebody plays, and shown where it says something else.
EVERY_S: Final = 1.0
SAME_TEMPO: Final = 0.01
SURER: Final = 0.1
# The shadow of a phrase goes by a clock of one beat a second.
SHADOW_BPM: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Beat:
    """Which beat of the transport an instant was."""

    of: Estimate | None
    bpm: float
    began: float

    def beat_at(self, seconds: float) -> float:
        if self.of is not None:
            return self.of.grid.beat_at(seconds - self.began)
        return (seconds - self.began) * self.bpm / 60


def switch(turn: Turn, message: TransportFree) -> None:
    """The next phrase goes by the player's beat, or by the transport's; what a person set is forgotten."""
    turn.change(free=Free(bool(message.on)))


def is_free(turn: Turn) -> bool:
    """Whether a phrase that begins now is played without a clock."""
    clock = turn.state.clock
    is_led_by_another = is_led(turn) or turn.state.link is not None
    return turn.state.free.on and not is_led_by_another and (clock.lent or not clock.running)


def phrase(turn: Turn) -> FreePhrase | None:
    """The phrase that is being played without a clock, if there is one."""
    return turn.state.listening.free if turn.state.listening is not None else None


def begin(turn: Turn) -> FreePhrase:
    """The first note is about to be heard; a clock that music had started stands still again."""
    let_go(turn)
    if turn.state.clock.running:
        turn.change(clock=turn.state.clock.stopped(turn.now))
    shadow, _ = Capture.opened(0.0, Bars.of(COMMON_TIME), SHADOW_BPM)
    shadow = replace(shadow, pedals=turn.state.pedals)
    return FreePhrase(began=turn.at, pedals=turn.state.pedals, shadow=shadow, looked=turn.at)


def note_on(turn: Turn, message: LiveNote, instrument: int) -> None:
    """A note of the phrase begins."""
    heard = phrase(turn) or begin(turn)
    if len(heard.moments) >= MOST_MOMENTS:
        raise Refused(Code.TOO_MUCH, address_of(LiveNote), "the phrase is too long; end it, then play on")
    at, channel, pitch = turn.at - heard.began, message.channel, message.pitch
    shadow, _ = heard.shadow.note_on(at, channel, pitch, message.velocity, instrument, SHADOW_BPM)
    _keep(turn, replace(heard, shadow=shadow), Moment(turn.at, channel, pitch, message.velocity, instrument))


def note_off(turn: Turn, heard: FreePhrase, message: LiveNote) -> None:
    """A key goes up."""
    shadow, _ = heard.shadow.note_off(turn.at - heard.began, message.channel, message.pitch)
    _keep(turn, replace(heard, shadow=shadow), Moment(turn.at, message.channel, message.pitch))


def pedal(turn: Turn, heard: FreePhrase, channel: int, down: bool) -> None:
    """The sustain pedal of a channel moves."""
    shadow, _ = heard.shadow.pedal(turn.at - heard.began, channel, down)
    _keep(turn, replace(heard, shadow=shadow), Moment(turn.at, channel, pedal_down=down))


def is_over(turn: Turn) -> bool:
    """Whether the phrase has ended by itself; looks for its beat again where that was done a while ago."""
    heard, again, end = phrase(turn), looks_at(turn), ends_at(turn)
    if heard is None:
        return False
    if (again is not None and turn.now >= again) or (
        again is not None and end is not None and turn.now >= end
    ):
        _look(turn, heard)
        end = ends_at(turn)
    return end is not None and turn.now >= end


def _look(turn: Turn, heard: FreePhrase) -> None:
    """Estimate the beat of what has been played so far, show it, and ask the engine what it thinks of it."""
    found = _estimate(turn, heard)
    if found is not None:
        heard = _weighing(turn, _showing(turn, heard, found), found)
    _change(turn, replace(heard, looked=turn.now))


def _showing(turn: Turn, heard: FreePhrase, found: Estimate) -> FreePhrase:
    if heard.shown is not None and not _differs(found, heard.shown):
        return heard
    _show(turn, found)
    return replace(heard, shown=found)


def _weighing(turn: Turn, heard: FreePhrase, found: Estimate) -> FreePhrase:
    end = ends_at(turn)
    is_late = end is not None and turn.now >= end
    if is_late or heard.asked is not None or turn.state.engine is not Engine.READY:
        return heard
    asked = Asked(f"meter at {turn.now:.6f}", turn.now, found.grid)
    turn.tell(Weigh(asked.request, tellings(heard, found)))
    return replace(heard, asked=asked)


def weighed(turn: Turn, message: Weighed) -> None:
    """The engine says how likely each reading is of what had been played when it was asked."""
    heard = phrase(turn)
    if heard is None or heard.asked is None or heard.asked.request != message.request:
        return
    asked, heard = heard.asked, replace(heard, asked=None)
    if len(message.nats) == len(READINGS):
        heard = replace(heard, verdict=Verdict(asked.grid, message.nats))
    found = _estimate(turn, heard)
    if found is not None:
        heard = _showing(turn, heard, found)
        is_old = message.nats and asked.at < heard.looked
        heard = _weighing(turn, heard, found) if is_old else heard
    _change(turn, heard)


def ends_at(turn: Turn) -> float | None:
    """The instant at which the phrase ends if nothing more is played; None where only a client can end it."""
    listening, heard = turn.state.listening, phrase(turn)
    if listening is None or heard is None or listening.explicit:
        return None
    beat_s = 60 / _bpm(turn, heard)
    if listening.listen.end == "silence" and heard.shadow.is_silent:
        return heard.began + heard.shadow.touched + listening.listen.silence_beats * beat_s
    if listening.listen.end == "bars":
        return _line(turn, heard, listening.listen.bars)
    return None


def looks_at(turn: Turn) -> float | None:
    """When the beat is to be looked for again: every second, and amid the silence that ends the phrase."""
    heard, end = phrase(turn), ends_at(turn)
    if heard is None or heard.moments[-1].at <= heard.looked:
        return None
    if end is None or not heard.shadow.is_silent:
        return heard.looked + EVERY_S
    last = heard.began + heard.shadow.touched
    return min(heard.looked + EVERY_S, (last + end) / 2)


def settle(turn: Turn) -> tuple[Capture, tuple[Event, ...]]:
    """The phrase is over: its beat becomes the transport's. The phrase on it, and the events to tell."""
    listening, heard = turn.state.listening, phrase(turn)
    assert listening is not None and heard is not None
    grid = _taken_up(turn, heard)
    clock = turn.state.clock
    told, events = Capture.opened(grid.beat_at(heard.began), clock.bars, clock.bpm, Hand())
    told = replace(told, pedals=heard.pedals)
    for moment in heard.moments:
        told, more = moment.told(told, grid.beat_at(moment.at), clock.bpm)
        events += more
    turn.change(listening=replace(listening, free=None, live=told))
    return told, events


def set_tempo(turn: Turn, bpm: float) -> None:
    """A person sets the tempo: free playing keeps to it."""
    if turn.state.free.on:
        turn.change(free=turn.state.free._replace(bpm=bpm))


def set_meter(turn: Turn, meter: Meter) -> None:
    """A person sets the meter: free playing keeps to it."""
    if turn.state.free.on:
        turn.change(free=turn.state.free._replace(meter=meter))


def _taken_up(turn: Turn, heard: FreePhrase) -> _Beat:
    """The beat of the phrase, to which the transport goes from now on; a clock that runs by now goes on."""
    clock = turn.state.clock
    if clock.running and not clock.lent:
        return _Beat(None, clock.bpm, clock.tempo.seconds_at(0.0))
    found = _estimate(turn, heard)
    if found is not None:
        _show(turn, found)
    bpm = clock.bpm if found is None else found.bpm
    grid = _Beat(found, bpm, heard.began)
    meter = turn.state.free.meter or (clock.meter if found is None else Meter(found.beats_per_bar, 4))
    clock = replace(clock, bars=Bars.of(meter), tempo=replace(clock.tempo, bpm=bpm))
    turn.change(clock=clock.started(grid.beat_at(turn.now), turn.now, lent=True))
    return grid


def _estimate(turn: Turn, heard: FreePhrase) -> Estimate | None:
    onsets = sorted(
        Onset(each.at - heard.began, each.pitch, each.velocity, each.instrument == DRUMS)
        for each in heard.moments
        if each.velocity
    )
    free, clock = turn.state.free, turn.state.clock
    bar = None if free.meter is None else quarters(free.meter)
    return estimate(onsets, clock.bpm if is_led(turn) else free.bpm, bar, heard.verdict)


def _differs(found: Estimate, shown: Estimate) -> bool:
    return (
        abs(found.bpm / shown.bpm - 1) > SAME_TEMPO
        or found.beats_per_bar != shown.beats_per_bar
        or abs(found.confidence - shown.confidence) >= SURER
    )


def _show(turn: Turn, found: Estimate) -> None:
    turn.send(TransportEstimate(found.bpm, found.confidence, found.beats_per_bar))


def _line(turn: Turn, heard: FreePhrase, bars: int) -> float:
    """The instant at which so many bars are over, a little before the line: a note there is on it."""
    length = quarters(turn.state.free.meter or turn.state.clock.meter)
    if heard.shown is None:
        return heard.began + (bars * length - EARLY_BEATS) * 60 / _bpm(turn, heard)
    if turn.state.free.meter is None:
        length = heard.shown.beats_per_bar
    return heard.began + heard.shown.grid.seconds_at(bars * length - EARLY_BEATS)


def _bpm(turn: Turn, heard: FreePhrase) -> float:
    """The tempo as far as it is known."""
    return turn.state.clock.bpm if heard.shown is None else heard.shown.bpm


def _keep(turn: Turn, heard: FreePhrase, moment: Moment) -> None:
    _change(turn, replace(heard, moments=(*heard.moments, moment)))


def _change(turn: Turn, heard: FreePhrase) -> None:
    assert turn.state.listening is not None
    turn.change(listening=replace(turn.state.listening, free=heard))

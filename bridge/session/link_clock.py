"""An Ableton Link session leads: its tempo is ours, its bars are ours, and whoever starts or stops is heard.

Nothing that is played jumps. The transport goes on from the beat where it is, at the session's tempo; its
bars become the session's as soon as no music is under way, and with every start.
"""

from __future__ import annotations

from typing import Final

from meloformer.bridge.incoming import TransportContinue, TransportStart, TransportStop
from meloformer.bridge.session import link_phase, transport
from meloformer.bridge.session.actions import JoinLink, LeaveLink, LinkPlaying
from meloformer.bridge.session.events import Linked
from meloformer.bridge.session.phases import Phase
from meloformer.bridge.session.state import Link
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import quarters

SAME_PLACE_BEATS: Final = 0.001
# More than a change of tempo explains between two looks at the session: it is another one, or was moved.
JUMP_BEATS: Final = 0.25


def attend(turn: Turn) -> None:
    """Join and leave as the clock asked for says; tell the session of our start and stop, take its bars."""
    _be_there(turn)
    if turn.state.link is not None and turn.state.link.last is not None:
        _tell_playing(turn)
        _take_its_bars(turn)


def heard(turn: Turn, event: Linked) -> None:
    """The session says where it is."""
    link = turn.state.link
    if link is None:
        return  # it was left since
    turn.change(link=link._replace(last=event))
    if event.pressed is not None:
        _press(turn, event.pressed)
    clock, bpm = turn.state.clock, event.tempo.bpm
    if not clock.running:
        turn.change(clock=clock.at_tempo(bpm, turn.now))
        return
    if link.last is None or _jumped(link.last, event):
        clock = clock.alone(turn.now)
    turn.change(clock=clock.led(event.tempo.beat_at(turn.now), bpm, turn.now))


def _be_there(turn: Turn) -> None:
    clock, link = turn.state.clock, turn.state.link
    if turn.state.following != "link":
        if link is not None:
            turn.actions.append(LeaveLink())
            turn.change(link=None)
        return
    quantum = quarters(clock.meter)
    if link is None or link.quantum != quantum:
        turn.actions.append(JoinLink(clock.bpm, quantum))
        link = Link(quantum, _runs(turn)) if link is None else link._replace(quantum=quantum)
        turn.change(link=link)


def _tell_playing(turn: Turn) -> None:
    link, runs = turn.state.link, _runs(turn)
    assert link is not None
    if runs != link.playing:
        turn.actions.append(LinkPlaying(runs, turn.now))
        turn.change(link=link._replace(playing=runs))


def _runs(turn: Turn) -> bool:
    """Whether a person has started the transport; what music starts is nobody else's matter."""
    return turn.state.clock.running and not turn.state.clock.lent


def _take_its_bars(turn: Turn) -> None:
    along, link = turn.state.along, turn.state.link
    is_idle = turn.state.phase is Phase.IDLE and (along is None or along.heard is None)
    if not (turn.state.clock.running and is_idle and link_phase.is_known(turn)):
        return
    beat = link_phase.nearest(turn, turn.beat, turn.now)
    if abs(beat - turn.beat) > SAME_PLACE_BEATS:
        assert link is not None and link.last is not None
        clock = turn.state.clock.moved(beat, turn.now)
        turn.change(clock=clock.led(link.last.tempo.beat_at(turn.now), link.last.tempo.bpm, turn.now))


def _press(turn: Turn, playing: bool) -> None:
    """Somebody else in the session has started or stopped."""
    link, clock = turn.state.link, turn.state.clock
    assert link is not None
    turn.change(link=link._replace(playing=playing))
    if not playing and clock.running:
        transport.halt(turn, TransportStop())
    elif playing and clock.lent:
        transport.go_on(turn, TransportContinue())
    elif playing and not clock.running:
        transport.start(turn, TransportStart())


def _jumped(before: Linked, event: Linked) -> bool:
    went_on = before.tempo.beat_at(event.tempo.seconds)
    return before.quantum != event.quantum or abs(event.tempo.beat - went_on) > JUMP_BEATS

"""A MIDI loop brings back what the bridge sent, and lets go of no key that the player still holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meloformer.bridge import incoming as osc
from meloformer.bridge.midi import MidiNote
from meloformer.bridge.session.phases import Phase
from meloformer.bridge.session.turn import ECHO_S, Turn
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.score import Meter
from rehearsal import Rehearsal, band

OURS, PLAYERS = 80, 90  # velocities
PITCH = 64
LOOP_S = st.floats(0.001, 0.09)
Timeline = list[tuple[float, str]]


def taken_over() -> Rehearsal:
    """The bridge plays a note, and the player takes its key over."""
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 0, PITCH, 20))
    session.waits(beats=3.01)
    return session


def lengths(session: Rehearsal) -> list[int]:
    """How many ticks the player's notes on the key lasted that have ended."""
    strokes = [each for each in session.heard if isinstance(each, NoteOn | NoteOff) and each.pitch == PITCH]
    return [end.tick - begin.tick for begin, end in zip(strokes[::2], strokes[1::2], strict=False)]


def is_held(session: Rehearsal) -> bool:
    """Whether the session takes the player to hold the key."""
    listening = session.state.listening
    heard = None if listening is None else listening.live
    return heard is not None and any((held.channel, held.pitch) == (1, PITCH) for held in heard.held)


def test_the_off_that_a_loop_brings_back_lets_go_of_no_key_that_the_player_holds() -> None:
    session = taken_over()
    (on,) = [message for _, message in session.midi_sent]
    session.midi(on)
    session.waits(beats=0.5)
    session.midi(MidiNote(1, PITCH, PLAYERS))
    assert session.midi_sent[-1][1] == MidiNote(1, PITCH, 0)
    session.waits(0.01)
    session.midi(MidiNote(1, PITCH, 0))  # ours, through the loop
    assert is_held(session) and not lengths(session)
    session.waits(beats=0.98)
    session.midi(MidiNote(1, PITCH, 0))  # the player's own
    assert not is_held(session)
    assert lengths(session) == [24]


def test_without_a_loop_the_player_may_let_go_as_soon_as_our_own_note_has_ended() -> None:
    session = taken_over()
    session.waits(beats=0.5)
    session.midi(MidiNote(1, PITCH, PLAYERS))
    session.waits(0.01)
    session.midi(MidiNote(1, PITCH, 0))
    assert not is_held(session)
    session.waits(beats=2.5)
    assert session.state.phase is Phase.GENERATING


def test_the_off_that_comes_back_lets_go_of_nothing_while_the_band_plays_along() -> None:
    session = Rehearsal(band())
    session.receives(osc.Accompany(1))
    session.midi(MidiNote(1, PITCH, PLAYERS))
    for velocity in (OURS, 0):
        sends(session, velocity)
        session.midi(MidiNote(1, PITCH, velocity))
    along = session.state.along
    assert along is not None and along.heard is not None and along.heard.held


@st.composite
def strokes(draw: st.DrawFn, who: str, least_up_s: float) -> Timeline:
    """When somebody presses and lets go of the key, in turn; up for at least so many seconds."""
    seconds, timeline = draw(st.floats(0, 0.2)), []
    for _ in range(draw(st.integers(1, 5))):
        for what, least_s in (("on", least_up_s), ("off", 0.001)):
            seconds += draw(st.floats(least_s, 0.3))
            timeline.append((seconds, f"{who} {what}"))
    return timeline


def sends(session: Rehearsal, velocity: int) -> None:
    """The bridge sends a note by MIDI, for whatever reason."""
    turn = Turn(session.state, session.now, session.now)
    turn.send_midi(MidiNote(1, PITCH, velocity))
    session.state = turn.state


def happens(session: Rehearsal, what: str, loudness: int) -> None:
    who, _, stroke = what.partition(" ")
    if who == "bridge":
        sends(session, OURS if stroke == "on" else 0)
    else:
        on = loudness if who == "player" else OURS
        session.midi(MidiNote(1, PITCH, on if stroke == "on" else 0))


def rehearsed(timeline: Timeline, loudness: int) -> list[tuple[bool, bool]]:
    """Whether the player holds the key after each moment, and whether the session thinks so."""
    session, holds, found = Rehearsal(band(end="signal")), False, []
    start = session.now
    for seconds, what in sorted(timeline):
        session.now = start + seconds
        happens(session, what, loudness)
        if what.startswith("player"):
            holds = what == "player on"
        found.append((holds, is_held(session)))
    return found


@given(strokes("bridge", 0.0), strokes("player", ECHO_S), LOOP_S)
def test_through_a_loop_no_key_is_let_go_of_too_soon_and_none_is_held_for_ever(
    ours: Timeline, players: Timeline, loop_s: float
) -> None:
    back = [(seconds + loop_s, what.replace("bridge", "loop")) for seconds, what in ours]
    found = rehearsed(ours + players + back, PLAYERS)
    assert all(thought for holds, thought in found if holds)
    assert found[-1][1] == found[-1][0]


@given(strokes("bridge", 0.0), strokes("player", 0.001))
def test_without_a_loop_what_the_player_holds_is_what_is_held(ours: Timeline, players: Timeline) -> None:
    assert all(holds == thought for holds, thought in rehearsed(ours + players, PLAYERS))


@given(strokes("bridge", 0.0), strokes("player", 0.001))
def test_without_a_loop_no_key_stays_down_that_the_player_strikes_as_the_bridge_does(
    ours: Timeline, players: Timeline
) -> None:
    assert not any(thought for holds, thought in rehearsed(ours + players, OURS) if not holds)

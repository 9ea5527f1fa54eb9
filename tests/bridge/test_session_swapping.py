"""A preset that comes while an answer plays takes over at a bar line: no gap, nothing stuck."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask, Loaded, LoadFailed, Revise, Said, Stop
from meloformer.bridge.outgoing import OutEnd, OutNote, PresetLoaded
from meloformer.bridge.session.events import PresetRead
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.parts import Part
from meloformer.presets.preset import ControlSettings, Preset, SamplingSettings
from rehearsal import BAND, FakeBand, Rehearsal, sounding

COMMON = Meter(4, 4)
COOL = SamplingSettings(temperature=0.3, top_p=0.95, min_p=0.02, seed=7, echo=0.0, memory=0.0)
SOLO = replace(
    BAND, name="solo", parts=(Part(5, 0, "any"),), sampling=COOL, controls=ControlSettings(velocity=0.5)
)
BAR = 96


def bar(number: int, pitch: int) -> list[Event]:
    """A bar of the answer with one note that is held over its end."""
    return [BarStart(BAR * number, COMMON), NoteOn(BAR * number, 0, pitch, 20)]


def playing(preset: Preset = BAND, bars: int = 4) -> Rehearsal:
    """A session in which an answer of four bars from beat 4 on has begun to play; now is beat 4.5."""
    session = Rehearsal(preset)
    session.plays(60)
    session.receives(osc.PhraseEnd())
    for number in range(1, bars + 1):
        line, note = bar(number, 60 + number)
        session.says(line, *([NoteOff(line.tick, 0, 59 + number)] if number > 1 else []), note)
    session.says(end="done" if bars == 4 else None)
    session.waits(beats=3.5)
    return session


def swaps(session: Rehearsal, preset: Preset = SOLO) -> None:
    session.happens(PresetRead(preset), Loaded(preset.name, 80.0))


def silent(session: Rehearsal) -> bool:
    return sounding([action for _, action in session.done]) == (set(), set())


def loudnesses(session: Rehearsal) -> list[int]:
    return [note.velocity for note in session.sent(OutNote)]


def struck(session: Rehearsal) -> list[tuple[int, int, float]]:
    """Channel, pitch and beat of every note."""
    return [(note.channel, note.pitch, round(note.beat, 3)) for note in session.sent(OutNote)]


def test_the_new_preset_takes_over_at_the_first_bar_line_after_the_lookahead() -> None:
    session = playing()
    swaps(session)
    session.waits(beats=2.9)
    assert not session.told(Revise)
    session.waits(beats=0.2)
    (revise,) = session.told(Revise)
    assert (revise.tick, revise.bars, revise.sampling.temperature) == (192, 3, 0.3)
    session.says(BarStart(192, COMMON), NoteOff(192, 0, 61), NoteOn(192, 0, 72, 20), end="done")
    session.waits(beats=20)
    assert struck(session) == [(1, 61, 4.0), (5, 72, 8.0)]
    assert [end.reason for end in session.sent(OutEnd)] == ["done"]
    assert silent(session)


def test_what_is_planned_until_the_line_is_as_loud_as_it_was_planned() -> None:
    session = playing()
    session.says(NoteOn(150, 0, 65, 20), end="done")
    swaps(session)
    session.waits(beats=3.1)
    session.says(BarStart(192, COMMON), NoteOff(192, 0, 61), NoteOn(192, 0, 72, 20), end="done")
    session.waits(beats=20)
    full, promised, new = loudnesses(session)
    assert (promised, new) == (full, round(full / 2))


def test_a_swap_is_told_when_it_is_ready_and_not_when_it_takes_over() -> None:
    session = playing()
    swaps(session)
    assert session.sent(PresetLoaded) == [PresetLoaded("solo", 80.0)]
    assert session.state.preset == SOLO


def test_an_answer_that_is_still_being_made_does_not_hold_the_swap_up() -> None:
    session = playing(bars=2)
    swaps(session)
    session.waits(beats=3.1)
    assert session.told(Stop) == [Stop(session.told(Ask)[0].request)]
    session.says(BarStart(192, COMMON), NoteOff(192, 0, 61), NoteOn(192, 0, 72, 20), end="done")
    session.waits(beats=20)
    assert struck(session) == [(1, 61, 4.0), (5, 72, 8.0)]
    assert silent(session)


def test_a_knob_that_is_turned_to_and_fro_does_not_keep_the_new_model_out() -> None:
    session = playing()
    swaps(session)
    session.receives(osc.SetControl("temperature", 1.9), osc.SetControl("temperature", 0.3))
    session.waits(beats=3.1)
    assert session.told(Revise)


def test_the_same_preset_with_other_weights_takes_over_too() -> None:
    session = playing()
    swaps(session, BAND)
    session.waits(beats=3.1)
    assert session.told(Revise)


def test_a_preset_that_cannot_be_loaded_leaves_the_answer_as_it_is() -> None:
    session = playing()
    session.happens(PresetRead(SOLO), LoadFailed("solo", "another vocabulary"))
    session.waits(beats=20)
    assert not session.told(Revise)
    assert struck(session) == [(1, 60 + number, 4.0 * number) for number in range(1, 5)]


def test_two_swaps_before_the_line_are_one_new_plan() -> None:
    session = playing()
    swaps(session)
    swaps(session, replace(SOLO, name="other", parts=(Part(6, 0, "any"),)))
    session.waits(beats=3.1)
    session.says(BarStart(192, COMMON), NoteOff(192, 0, 61), NoteOn(192, 0, 72, 20), end="done")
    session.waits(beats=20)
    assert len(session.told(Revise)) == 1
    assert struck(session)[1:] == [(6, 72, 8.0)]
    assert silent(session)


def test_in_the_last_bar_the_answer_ends_as_planned_and_what_continues_it_is_the_new_presets() -> None:
    session = playing()
    session.waits(beats=12)
    swaps(session)
    session.receives(osc.Continue(1))
    assert session.told(Ask)[-1].sampling.temperature == 0.3
    session.says(BarStart(480, COMMON), NoteOn(480, 0, 80, 20), end="done")
    session.waits(beats=20)
    assert struck(session)[-2:] == [(1, 64, 16.0), (5, 80, 20.0)]
    assert not session.told(Revise)
    assert silent(session)


def test_a_continuation_that_the_model_before_has_made_is_made_anew() -> None:
    session = playing()
    session.receives(osc.Continue(2))
    session.says(*bar(5, 80), *bar(6, 81), end="done")
    swaps(session)
    session.waits(beats=3.1)
    session.says(BarStart(192, COMMON), BarStart(288, COMMON), BarStart(384, COMMON), end="done")
    session.says(BarStart(480, COMMON), NoteOn(480, 0, 70, 20), BarStart(576, COMMON), end="done")
    session.waits(beats=40)
    assert struck(session) == [(1, 61, 4.0), (5, 70, 20.0)]
    assert silent(session)


def test_what_was_sent_far_ahead_stays_even_if_the_new_preset_plans_less_far() -> None:
    early = replace(BAND, answer=replace(BAND.answer, lookahead_beats=9.0, commit_beats=8.0))
    session = playing(early)
    sent = struck(session)
    assert sent[-1][2] == 12.0
    swaps(session)
    session.waits(beats=11.1)
    (revise,) = session.told(Revise)
    assert revise.tick == 384
    session.says(BarStart(384, COMMON), NoteOff(384, 0, 63), NoteOn(384, 0, 72, 20), end="done")
    session.waits(beats=20)
    assert struck(session) == [*sent, (5, 72, 16.0)]
    assert silent(session)


@pytest.mark.parametrize("swap_beats", [1.0, 9.0, 30.0, 61.0])
def test_music_without_end_is_taken_over_wherever_it_is(swap_beats: float) -> None:
    session, engine = Rehearsal(), FakeBand()
    session.plays(60)
    session.receives(osc.Continue(0))
    follow(session, engine, beats=swap_beats)
    swaps(session)
    follow(session, engine, beats=12)
    session.receives(osc.Stop())
    first = next(beat for channel, _, beat in struck(session) if channel == 5)
    now = 4 + swap_beats  # the answer begins at beat 4
    assert first - now < 2 * 4 + 1
    assert all(channel == 5 for channel, _, beat in struck(session) if beat >= first)
    assert silent(session)


@given(
    swap_beats=some.floats(0.0, 15.0),
    lookaheads=some.tuples(some.sampled_from([0.25, 1.0, 6.0]), some.sampled_from([0.25, 1.0, 6.0])),
    is_slow=some.booleans(),
    late_s=some.sampled_from([0.0, 0.003]),
)
def test_before_the_line_of_the_takeover_every_note_is_as_without_a_swap(
    swap_beats: float, lookaheads: tuple[float, float], is_slow: bool, late_s: float
) -> None:
    before, after = (
        replace(preset, answer=replace(preset.answer, lookahead_beats=beats, commit_beats=beats))
        for preset, beats in zip((BAND, SOLO), lookaheads, strict=True)
    )
    sessions = [Rehearsal(before), Rehearsal(before)]
    for session in sessions:
        engine, session.late_s = FakeBand(), late_s
        session.plays(60)
        session.receives(osc.PhraseEnd())
        follow(session, engine, swap_beats, at_a_time=3 if is_slow else 1000)
        if session is sessions[1]:
            swaps(session, after)
        follow(session, engine, 30, at_a_time=3 if is_slow else 1000)
    unswapped, swapped = map(struck, sessions)
    revises = sessions[1].told(Revise)
    line = revises[0].tick / 24 if revises else 1000.0
    assert [note for note in swapped if note[2] < line] == [note for note in unswapped if note[2] < line]
    early = sum(note[2] < line for note in swapped)
    if not is_slow and swap_beats >= 1:  # what is said after the swap is as loud as the new preset has it
        assert loudnesses(sessions[1])[:early] == loudnesses(sessions[0])[:early]
    assert {channel for channel, _, beat in swapped if beat >= line} <= {5}
    assert silent(sessions[1])


def follow(session: Rehearsal, engine: FakeBand, beats: float, at_a_time: int = 1000) -> None:
    """Time passes, and the engine says what it is asked for: so many events in each half beat."""
    for _ in range(round(2 * beats)):
        for _ in range(at_a_time):
            if not one_event(session, engine):
                break
        session.waits(beats=0.5)


def one_event(session: Rehearsal, engine: FakeBand) -> bool:
    """The engine says one event of what it was asked for last; False where it is done."""
    questions = [each for each in session.told(object) if isinstance(each, Ask | Revise)]
    if not questions:
        return False
    asked = questions[-1]
    if engine.asked is not asked:
        if getattr(engine, "done", None) is asked:
            return False
        engine.takes(asked)
        engine.tick = max(engine.tick, BAR)
    event = engine.goes_on(gap=18, pitch=60, drum=False)
    if event is None:
        session.says(*engine.lets_go(), end="done")
        engine.asked, engine.done = None, asked  # type: ignore[attr-defined]  # the test's own note
        return True
    session.happens(Said(asked.request, event))
    return True

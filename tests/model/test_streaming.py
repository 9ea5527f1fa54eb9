"""One event in, tokens out; one token in, events out: the same as the whole piece at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.decoder import collect, decode
from meloformer.model.encoder import EncodeError, Encoder
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn, TempoSet
from meloformer.model.grammar import Grammar, GrammarError
from meloformer.model.score import Meter, Score
from meloformer.model.telling import encode
from music import COMMON, scores, tellings, told

BEGUN = (BarStart(0, COMMON), TempoSet(0, 70))


def encoded(events: list[Event], encoder: Encoder | None = None) -> list[int]:
    """Tokens of events pushed one at a time."""
    encoder = encoder or Encoder()
    return [token for event in events for token in encoder.push(event)] + encoder.flush()


def words(tokens: list[int]) -> str:
    return " ".join(v.describe(token) for token in tokens)


@given(scores())
def test_event_by_event_gives_the_tokens_of_the_whole_piece(score: Score) -> None:
    assert encoded(told(score)) == encode(score, end=False)


@given(scores())
def test_token_by_token_gives_the_music_of_the_whole_piece(score: Score) -> None:
    grammar = Grammar()
    events = [event for token in encode(score) for event in grammar.push(token)]
    assert collect(events) == decode(encode(score))
    assert [event.tick for event in events] == sorted(event.tick for event in events)


@given(st.data())
def test_a_note_can_sound_with_its_own_token(data: st.DataObject) -> None:
    """Nothing that follows is needed to know that a note begins."""
    score = data.draw(scores())
    grammar = Grammar()
    for token in encode(score):
        begun = [event for event in grammar.push(token) if isinstance(event, NoteOn)]
        assert len(begun) == (token in v.ON or token in v.D)


@given(st.data())
def test_an_encoder_goes_on_where_a_grammar_stands(data: st.DataObject) -> None:
    """Cut at any moment: what follows is told as if nobody had changed over."""
    events = told(data.draw(scores()))
    cut = data.draw(st.integers(0, len(events)))
    while 0 < cut < len(events) and not moves_on(events[cut - 1], events[cut]):
        cut += 1
    grammar = Grammar()
    before = encoded(events[:cut])
    for token in before:
        grammar.push(token)
    assert before + encoded(events[cut:], Encoder.after(grammar)) == encoded(events)


def moves_on(before: Event, event: Event) -> bool:
    return event.tick > before.tick or isinstance(event, BarStart)


@given(st.data())
def test_whatever_is_pushed_in_time_order_stays_inside_the_grammar(data: st.DataObject) -> None:
    """Also a release in its onset's tick, an onset after it, a tempo said twice, a release of nothing."""
    encoder, grammar = Encoder(), Grammar()
    tick, line = 0, 0
    tokens = encoder.push(BarStart(0, COMMON))
    for step in data.draw(st.lists(st.integers(0, 40) | st.just(0), max_size=40)):
        tick += step
        while tick >= line + COMMON.ticks:
            line += COMMON.ticks
            tokens += encoder.push(BarStart(line, COMMON))
        tokens += encoder.push(data.draw(events_at(tick)))
        if data.draw(st.booleans()):
            tokens += encoder.flush()
    for token in tokens + encoder.flush():
        grammar.push(token)


def events_at(tick: int) -> st.SearchStrategy[Event]:
    instrument, pitch = st.sampled_from((0, 5, v.DRUMS)), st.integers(60, 62)
    return (
        st.builds(NoteOn, st.just(tick), instrument, pitch, st.integers(0, 31))
        | st.builds(NoteOff, st.just(tick), instrument, pitch)
        | st.builds(TempoSet, st.just(tick), st.integers(70, 72))
    )


def test_a_release_in_the_tick_of_its_onset_waits_one_tick() -> None:
    tokens = encoded([*BEGUN, NoteOn(12, 0, 60, 20), NoteOff(12, 0, 60)])
    assert "POS 12 INST 0 VEL 20 ON 60" in words(tokens)
    assert "OFF" not in words(tokens)
    later = encoded([*BEGUN, NoteOn(12, 0, 60, 20), NoteOff(12, 0, 60), NoteOn(24, 0, 64, 20)])
    assert "ON 60 POS 13 OFFALL POS 24 ON 64" in words(later)


def test_a_release_that_waits_past_the_bar_line_is_told_in_the_next_bar() -> None:
    last = COMMON.ticks - 1
    events: list[Event] = [
        *BEGUN,
        NoteOn(last, 0, 60, 20),
        NoteOff(last, 0, 60),
        BarStart(96, COMMON),
        NoteOn(99, 0, 64, 20),
    ]
    assert "ON 60 BAR POS 0 INST 0 OFFALL POS 3 ON 64" in words(encoded(events))


def test_what_comes_in_a_moment_that_was_told_already_waits_one_tick() -> None:
    encoder = Encoder()
    tokens = encoded([*BEGUN, NoteOn(12, 0, 60, 20)], encoder)
    tokens += encoded([NoteOn(12, 0, 64, 20), NoteOff(12, 0, 60), NoteOn(24, 0, 67, 20)], encoder)
    assert words(tokens).endswith("POS 12 INST 0 VEL 20 ON 60 POS 13 OFFALL ON 64 POS 24 ON 67")


def test_a_note_before_the_first_bar_line_is_refused() -> None:
    with pytest.raises(EncodeError, match="push a BarStart first"):
        Encoder().push(NoteOn(0, 0, 60, 20))


def test_going_back_in_time_is_refused_and_changes_nothing() -> None:
    encoder = Encoder()
    tokens = [token for event in (*BEGUN, NoteOn(12, 0, 60, 20)) for token in encoder.push(event)]
    with pytest.raises(EncodeError, match="goes back in time from tick 12"):
        encoder.push(NoteOn(11, 0, 64, 20))
    assert tokens + encoder.flush() == encoded([*BEGUN, NoteOn(12, 0, 60, 20)])


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (NoteOn(96, 0, 64, 20), "outside its bar; push a BarStart first"),
        (BarStart(48, COMMON), "bar line at tick 48.*at tick 96"),
        (BarStart(192, COMMON), "bar line at tick 192.*at tick 96"),
        (BarStart(96, Meter(33, 4)), "33/4 has no tokens; split it"),
        (BarStart(96, Meter(4, 3)), "4/3 has no tokens"),
    ],
)
def test_a_refused_event_names_the_reason_and_loses_nothing(event: Event, reason: str) -> None:
    """A release is waiting when the event comes: it is told once, by the next event that may stand."""
    heard: list[Event] = [*BEGUN, NoteOn(12, 0, 60, 20), NoteOff(12, 0, 60)]
    encoder = Encoder()
    tokens = [token for each in heard for token in encoder.push(each)]
    with pytest.raises(EncodeError, match=reason):
        encoder.push(event)
    tokens += encoder.push(BarStart(96, COMMON))
    assert tokens == encoded([*heard, BarStart(96, COMMON)])


@pytest.mark.parametrize(
    ("tokens", "reason"),
    [
        ([v.BAR], "BAR cannot follow NOTHING"),
        ([v.BOS, v.EOS], "EOS cannot follow OPENING"),
        ([v.BOS, v.BAR, v.POS.id(0)], "POS 0 cannot follow BAR"),
        ([v.BOS, v.BAR, v.NUM.id(3), v.DEN.id(2), v.POS.id(96)], "POS 96 cannot follow METER"),
        ([v.BOS, v.SIZE], "token 1219 cannot follow OPENING"),
        ([v.BOS, -1], "token -1 cannot follow OPENING"),
    ],
)
def test_a_token_out_of_place_is_refused_by_name(tokens: list[int], reason: str) -> None:
    with pytest.raises(GrammarError, match=reason):
        decode(tokens)


@given(st.data())
def test_what_any_telling_says_is_allowed_token_by_token(data: st.DataObject) -> None:
    score = data.draw(scores(most_notes=12))
    grammar = Grammar()
    for token in encode(score, data.draw(tellings(score))):
        assert grammar.allowed()[token]
        grammar.take(token)
    assert not grammar.allowed().any()

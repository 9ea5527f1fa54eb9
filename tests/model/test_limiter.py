"""No answer breaks a rule, whatever the rules, the seed and the music heard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from limited import DARING, PLAYED, kept, rules
from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, Event, NoteOn
from meloformer.model.grammar import Grammar
from meloformer.model.limiter import Limiter
from meloformer.model.limits import (
    Limits,
    Playing,
    Rules,
    playable,
    playable_velocities,
)
from meloformer.model.manner import LEAST_NOTES, STRAIGHT, Manner
from meloformer.model.network import Network
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.sounding import own
from meloformer.model.telling import encode
from meloformer.model.weights import load
from meloformer.presets import SHIPPED
from music import TINY, network, scores, told


@pytest.fixture(scope="module")
def model() -> Network:
    return network(TINY)


def answered(model: Network, seed: int, heard: Score, limits: Limits, bars: int = 2) -> list[Event]:
    performer = Performer(model, DARING, seed, limits)
    for event in told(heard):
        performer.hear(event)
    return list(performer.answer(bars))


@settings(max_examples=10)
@given(rules, st.integers(0, 2**31), scores(most_bars=2, most_notes=12))
def test_no_answer_breaks_a_rule(model: Network, rules: Rules, seed: int, heard: Score) -> None:
    limits = Limits(rules=rules)
    kept(answered(model, seed, heard, limits), limits)


@settings(max_examples=8)
@given(rules, st.integers(0, 2**31), st.sets(st.sampled_from([0, 3, 33, v.DRUMS]), min_size=1))
def test_no_answer_of_named_instruments_breaks_a_rule(
    model: Network, rules: Rules, seed: int, named: set[int]
) -> None:
    limits = Limits(frozenset(named), rules)
    kept(answered(model, seed, PLAYED, limits), limits)


HELD_OVER = Score(
    (Meter(4, 4),) * 2,
    (TempoChange(0, 60),),
    (Note(0, 0, 58, 1, 0), Note(108, 0, 58, 192, 0), Note(168, 0, 59, 192, 0)),
)


@settings(max_examples=50)
@example(
    Rules(others=Playing(polyphony=1)), 0, HELD_OVER, False, False, False
)  # two notes sound on: neither may be struck again
@example(  # the last token that is drawn in the second bar releases a note
    Rules(grid="sixteenth", others=Playing(polyphony=2)),
    406,
    Score((Meter(4, 4),), (TempoChange(0, 0),), ()),
    False,
    False,
    False,
)
@given(
    rules,
    st.integers(0, 2**31),
    scores(most_bars=2, most_notes=12),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_walk_at_random_keeps_every_rule_and_never_gets_stuck(
    rules: Rules, seed: int, heard: Score, named: bool, straight: bool, closes: bool
) -> None:
    """With no network to prefer one token: whatever is allowed is taken, and some token may always follow."""
    random, grammar, limits = np.random.default_rng(seed), Grammar(), Limits(rules=rules)
    for token in encode(heard, end=False):
        grammar.take(token)
    grammar.open_bar()
    manner = Manner()
    manner.take([v.POS.id(0 if straight else 1), *[v.ON.id(60)] * LEAST_NOTES])
    limiter = Limiter(limits, {0, 40, v.DRUMS} if named else set(range(9)), manner)
    events: list[Event] = []
    for bar in range(2):
        if closes and bar == 1:
            limiter.close()
        chord = rules.chord(bar)
        header = [v.BAR] if chord is None else [v.BAR, v.CHORD.id(chord)]
        told_now = [event for token in header for event in grammar.take(token)] + grammar.open_bar()
        for _ in range(60):
            limiter.saw(told_now)
            events += told_now
            choices = np.flatnonzero(limiter.allowed(grammar))
            choices = choices[choices != v.BAR] if len(choices) > 1 else choices
            if choices[0] == v.BAR:
                break
            told_now = grammar.take(int(random.choice(choices)))
        else:
            limiter.saw(told_now)
            events += told_now
            while not limiter.allowed(grammar)[v.BAR]:
                told_now = grammar.take(int(np.flatnonzero(limiter.allowed(grammar))[0]))
                limiter.saw(told_now)
                events += told_now
    kept(list(own(events, set())), limits)
    if straight:
        assert all(_is_straight(events, event) for event in events if isinstance(event, NoteOn))
    if closes:
        line, meter, _ = [event for event in events if isinstance(event, BarStart)][-1]
        latest = line + meter.ticks // 2
        assert all(event.tick <= latest for event in events if isinstance(event, NoteOn))


def _is_straight(events: list[Event], note: NoteOn) -> bool:
    line = max(event.tick for event in events if isinstance(event, BarStart) and event.tick <= note.tick)
    return bool(STRAIGHT[note.tick - line])


@pytest.mark.parametrize("seed", range(2))
def test_the_default_preset_keeps_rules_that_a_musician_would_set(seed: int) -> None:
    """A melody in C major on eighths, at most two notes at once, over four chords."""
    playing = Playing(pitches=((48, 72),), polyphony=2, density=2.0, velocities=(40, 100))
    c_major = (0, 2, 4, 5, 7, 9, 11)
    limits = Limits(frozenset({0}), Rules(c_major, "eighth", (81, 45, 0, 63), others=playing))
    performer = Performer(load(SHIPPED / "band.safetensors"), Sampling(), seed, limits)
    for event in told(PLAYED):
        performer.hear(event)
    answer = list(performer.answer(4))
    kept(answer, limits)
    assert sum(isinstance(event, NoteOn) for event in answer) > 0


def test_what_nobody_asked_for_changes_nothing(model: Network) -> None:
    wide = Limits(rules=Rules(scale=tuple(range(12))))
    assert answered(model, 5, PLAYED, Limits()) == answered(model, 5, PLAYED, wide)


def test_the_same_seed_gives_the_same_answer_under_rules(model: Network) -> None:
    limits = Limits(rules=Rules(scale=(0, 4, 7), grid="triplet"))
    assert answered(model, 5, PLAYED, limits) == answered(model, 5, PLAYED, limits)


@given(rules, st.integers(0, 127))
def test_where_two_rules_leave_nothing_one_gives_way_and_is_named(rules: Rules, instrument: int) -> None:
    pitches, gave_way = playable(rules, instrument)
    assert pitches.any()
    in_range = {p for low, high in rules.of(instrument).pitches for p in range(low, high + 1)}
    in_scale = {p for p in range(128) if rules.scale is None or p % 12 in rules.scale}
    expected = {None: in_range & in_scale, "scale": in_range, "pitch_range": in_scale}[gave_way]
    assert set(np.flatnonzero(pitches)) == expected
    assert (gave_way is None) == bool(in_range & in_scale)


@given(st.integers(1, 127), st.integers(0, 7))
def test_a_velocity_range_always_holds_a_bin(low: int, width: int) -> None:
    assert playable_velocities(Playing(velocities=(low, min(127, low + width)))).any()


def test_a_scale_of_nothing_and_an_unknown_grid_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one pitch class"):
        Rules(scale=())
    with pytest.raises(ValueError, match="a grid is one of all, quarter"):
        Rules(grid="swing")

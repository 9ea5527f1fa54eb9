"""No bar breaks a rule where the band plays along, nor where an answer is made anew."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limited import DARING, PLAYED, bounded, kept, rules
from meloformer.model import vocabulary as v
from meloformer.model.arrays import Arrays
from meloformer.model.companion import Companion
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.limits import Limits, Playing, Rules
from meloformer.model.performer import Performer
from meloformer.model.score import Score
from music import COMMON, TINY, arrays, network, scores, told

BAND = frozenset({7, 40, v.DRUMS})
BARS = 2
BEGIN, BAR = 2 * COMMON.ticks, COMMON.ticks


@pytest.fixture(scope="module")
def model() -> Arrays:
    return arrays(network(TINY))


def accompanied(model: Arrays, seed: int, player: Score, each: list[Limits]) -> list[list[Event]]:
    """The band's bars beside a player, asked for before their line, each under limits of its own."""
    performer = Performer(model, DARING, seed)
    along, made = Companion(performer), list[list[Event]]()
    heard = [event for event in told(player) if getattr(event, "instrument", None) not in BAND]
    for number, limits in enumerate(each):
        line = BarStart((number + 1) * BAR, COMMON, limits.rules.chord(number))
        performer.limits = limits
        along.hear(BarStart(number * BAR, COMMON))
        for event in heard:
            if number * BAR <= event.tick < (number + 1) * BAR and not isinstance(event, BarStart):
                along.hear(event)
        made.append(list(along.bar(line, limits.instruments or frozenset())))
    return made


def still(sounding: set[tuple[int, int]], events: list[Event]) -> set[tuple[int, int]]:
    """What sounds after these events."""
    after = set(sounding)
    for event in events:
        if isinstance(event, NoteOn) and event.instrument != v.DRUMS:
            after.add((event.instrument, event.pitch))
        elif isinstance(event, NoteOff):
            after.discard((event.instrument, event.pitch))
    return after


@settings(max_examples=5)
@given(rules, st.integers(0, 2**31), scores(most_bars=2, most_notes=12))
def test_no_bar_of_an_accompaniment_breaks_a_rule(
    model: Arrays, rules: Rules, seed: int, heard: Score
) -> None:
    limits = Limits(BAND, rules)
    bars = accompanied(model, seed, heard, [limits] * BARS)
    kept([event for bar in bars for event in bar], limits)


@settings(max_examples=5)
@given(st.lists(rules, min_size=2, max_size=2), st.integers(0, 2**31), st.sets(st.sampled_from(sorted(BAND))))
def test_a_rule_that_changes_while_the_band_plays_holds_from_the_next_bar_on(
    model: Arrays, changing: list[Rules], seed: int, fewer: set[int]
) -> None:
    """Of a polyphony that shrinks, a note that sounds already is not taken back, and no other begins."""
    each = [Limits(BAND, rules) for rules in changing] + [Limits(frozenset(fewer), changing[0])]
    sounding: set[tuple[int, int]] = set()
    for number, bar in enumerate(accompanied(model, seed, PLAYED, each)):
        bounded(bar, each[number], sounding, first_bar=number)
        sounding = still(sounding, bar)


@settings(max_examples=5)
@given(rules, st.integers(0, 2**31), st.just(1), st.sets(st.sampled_from([0, 33, v.DRUMS])))
def test_bars_made_anew_keep_the_rules_that_hold_now(
    model: Arrays, rules: Rules, seed: int, bar: int, players: set[int]
) -> None:
    performer = Performer(model, DARING, seed)
    for event in told(PLAYED):
        performer.hear(event)
    first = list(performer.answer(BARS))
    performer.limits = limits = Limits(frozenset(players) or None, rules)
    again = list(performer.revise(BEGIN + bar * BAR, BARS - bar, COMMON))
    before = [event for event in first if event.tick < BEGIN + bar * BAR]
    bounded(again, limits, still(set(), before), first_bar=bar)


def test_a_band_of_silent_parts_makes_no_note(model: Arrays) -> None:
    silent = Limits(BAND, Rules(others=Playing(silent=True)))
    bars = accompanied(model, 1, PLAYED, [silent] * BARS)
    assert not [event for bar in bars for event in bar if isinstance(event, NoteOn)]

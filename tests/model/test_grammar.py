"""Whatever is sampled under the grammar's masks is music."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.decoder import decode
from meloformer.model.events import NoteOff, NoteOn
from meloformer.model.grammar import Grammar, GrammarError
from meloformer.model.reading import Last
from meloformer.model.score import Score
from meloformer.model.telling import encode

# how often each kind is taken where it may stand; ends and parts are rare, so that walks get long
WEIGHTS = {"EOS": 0.2, "FUTURE": 0.3, "PRESENT": 0.5, "BAR": 1.5, "OFFALL": 2.0, "ON": 3.0, "D": 3.0}


def walk(seed: int, steps: int) -> list[int]:
    """A random walk under the masks: first a kind of token, then one of that kind."""
    chance, grammar = random.Random(seed), Grammar()
    tokens: list[int] = []
    while len(tokens) < steps and grammar.last is not Last.END:
        allowed = np.flatnonzero(grammar.allowed()).tolist()
        assert allowed, "before the end there is always a way on"
        kinds = {name: ids for name, row in v.TABLE.items() if (ids := [t for t in allowed if t in row])}
        name = chance.choices(list(kinds), [WEIGHTS.get(name, 1.0) for name in kinds])[0]
        token = chance.choice([*kinds[name][:6], kinds[name][-1]])  # near ones: a bar then holds many moments
        tokens.append(token)
        grammar.push(token)
    return tokens


seeds = st.integers(0, 2**32)


@given(seeds)
def test_any_sampled_sequence_decodes_into_music_on_the_grid(seed: int) -> None:
    score = decode(walk(seed, 150))
    assert score.tempos[0].tick == 0
    assert list(score.tempos) == sorted(score.tempos)
    assert list(score.notes) == sorted(score.notes)
    for note in score.notes:
        assert 0 <= note.onset < score.ticks
        assert note.instrument == v.DRUMS or note.onset < note.end <= score.ticks


@given(seeds)
def test_a_sampled_sequence_means_music_that_can_be_told_again(seed: int) -> None:
    score = decode(walk(seed, 150))
    if score.meters:
        assert decode(encode(score)) == score


def test_walks_meet_every_kind_of_token_that_a_stream_may_hold() -> None:
    met = Counter(v.describe(token).split()[0] for seed in range(60) for token in walk(seed, 150))
    assert set(v.TABLE) - set(met) == {"PAD", "SUMMARY", "SPARE"}


@given(seeds)
def test_every_note_on_has_its_note_off_in_time_order(seed: int) -> None:
    """In each part of the music and, where parts are given, in each section: their clocks start again."""
    grammar, sounding = Grammar(), Counter[tuple[int, int]]()
    events = [event for token in walk(seed, 150) for event in grammar.push(token)] + grammar.finish()
    for event in events:
        if isinstance(event, NoteOn) and event.instrument != v.DRUMS:
            sounding[event.instrument, event.pitch] += 1
        elif isinstance(event, NoteOff):
            sounding[event.instrument, event.pitch] -= 1
        assert all(count in (0, 1) for count in sounding.values())
    assert not any(sounding.values())


@given(seeds, st.integers(0, v.SIZE - 1))
def test_push_takes_exactly_what_is_allowed(seed: int, token: int) -> None:
    grammar = Grammar()
    for each in walk(seed, 40):
        grammar.push(each)
    if grammar.allowed()[token]:
        grammar.push(token)
    else:
        with pytest.raises(GrammarError, match="cannot follow"):
            grammar.push(token)


def allowed_after(*tokens: int) -> Grammar:
    grammar = Grammar()
    for token in (v.BOS, v.BAR, v.NUM.id(3), v.DEN.id(2), *tokens):
        grammar.push(token)
    return grammar


def may(grammar: Grammar, token: int) -> bool:
    return bool(grammar.allowed()[token])


PIANO = (v.POS.id(0), v.INST.id(0), v.VEL.id(20))


def test_a_silent_pitch_cannot_be_released() -> None:
    grammar = allowed_after(*PIANO, v.ON.id(60), v.ON.id(64), v.POS.id(5))
    assert may(grammar, v.OFF.id(60))
    assert not may(grammar, v.OFF.id(61))


def test_drums_have_no_release_and_no_pitch() -> None:
    grammar = allowed_after(v.POS.id(0), v.INST.id(v.DRUMS), v.VEL.id(20))
    assert may(grammar, v.D.id(38))
    assert not may(grammar, v.ON.id(38))
    grammar.push(v.D.id(38))
    grammar.push(v.POS.id(5))
    assert not may(grammar, v.OFFALL)


def test_moments_only_go_on_until_the_next_bar_or_section() -> None:
    grammar = allowed_after(v.POS.id(50), v.INST.id(0), v.VEL.id(20), v.ON.id(60))
    assert not may(grammar, v.POS.id(50))
    assert may(grammar, v.POS.id(51))
    grammar.push(v.BAR)
    assert may(grammar, v.POS.id(0))


def test_what_one_instrument_sounds_is_released_by_one_token() -> None:
    grammar = allowed_after(*PIANO, v.ON.id(60), v.POS.id(5))
    assert not may(grammar, v.OFF.id(60))
    assert may(grammar, v.OFFALL)


def test_velocity_is_told_before_the_first_note_and_only_when_it_changes() -> None:
    grammar = allowed_after(v.POS.id(0), v.INST.id(0))
    assert not may(grammar, v.ON.id(60))
    grammar.push(v.VEL.id(20))
    assert may(grammar, v.ON.id(60))
    grammar.push(v.ON.id(60))
    assert not may(grammar, v.VEL.id(20))
    assert may(grammar, v.VEL.id(21))


def test_a_given_instrument_does_not_play_again_in_the_same_bar() -> None:
    grammar = allowed_after(v.GIVEN, *PIANO, v.ON.id(60), v.MADE, v.POS.id(0))
    assert not may(grammar, v.INST.id(0))
    assert may(grammar, v.INST.id(1))


def test_where_everybody_is_given_nothing_more_is_made() -> None:
    """A position would leave no way on."""
    told = [v.GIVEN, v.POS.id(0)]
    for instrument in range(v.INSTRUMENTS):
        onset = v.D.id(60) if instrument == v.DRUMS else v.ON.id(60)
        told += [v.INST.id(instrument), v.VEL.id(20), onset]
    grammar = allowed_after(*told, v.MADE)
    assert set(np.flatnonzero(grammar.allowed())) == {v.BAR, v.FUTURE, v.EOS}


NEAREST = ("EOS", "PRESENT", "MADE", "BAR", "OFFALL", "ON", "D", "VEL", "INST", "DEN", "NUM")
MOST_TO_THE_END = 8


@given(seeds, st.integers(0, 150))
def test_from_everywhere_a_few_tokens_lead_to_the_end(seed: int, length: int) -> None:
    """So that a sampler ends at last, with whatever network: see training/joint.py."""
    grammar = Grammar()
    for token in walk(seed, length):
        grammar.push(token)
    for _ in range(MOST_TO_THE_END + 1):
        if grammar.last is Last.END:
            return
        row = next((v.TABLE[name] for name in NEAREST if may_any(grammar, v.TABLE[name])), v.TABLE["BOS"])
        grammar.push(row.start + int(np.argmax(grammar.allowed()[row.start : row.stop])))
    raise AssertionError("so many tokens and no end")


def may_any(grammar: Grammar, row: v.Row) -> bool:
    return bool(grammar.allowed()[row.start : row.stop].any())


def test_tempo_belongs_to_the_first_telling_of_a_bar() -> None:
    """In a bar with given parts, the made parts follow a tempo that is known."""
    grammar = allowed_after(v.GIVEN, v.POS.id(3))
    assert may(grammar, v.TEMPO.id(70))
    grammar.push(v.TEMPO.id(70))
    grammar.push(v.MADE)
    grammar.push(v.POS.id(0))
    assert not grammar.allowed()[v.TEMPO.start : v.TEMPO.stop].any()


def test_an_empty_stream_is_an_empty_score() -> None:
    assert decode([]) == Score((), decode([]).tempos, ())

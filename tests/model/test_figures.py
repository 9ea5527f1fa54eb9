"""A part's figure is known again in any key, whoever plays it, and only where its rhythm is the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.events import NoteOn
from meloformer.model.figures import FEWEST_STEPS, LONGEST_WAIT, MOST_STEPS, SHARES, Figures
from meloformer.model.grammar import Grammar
from meloformer.model.score import Meter, Score
from meloformer.model.telling import encode
from music import notes, scores

SIXTEENTH = v.TICKS_PER_QUARTER // 4
OPENING = [v.BOS, v.BAR, v.NUM.id(3), v.DEN.id(2)]  # a bar of 4/4
PIANO, FLUTE = v.INST.id(0), v.INST.id(73)


def line(*pitches: int, begin: int = 0, step: int = 1, player: int = PIANO) -> list[int]:
    """A part plays these pitches, `step` sixteenths apart."""
    places = (v.POS.id((begin + step * at) * SIXTEENTH) for at in range(len(pitches)))
    return [
        token for place, pitch in zip(places, pitches, strict=True) for token in (place, player, on(pitch))
    ]


def on(pitch: int) -> int:
    return v.ON.id(pitch)


def learnt(*tokens: int, most: int = 1000) -> Figures:
    figures = Figures(most)
    for token in tokens:
        figures.push(token)
    return figures


def expected(figures: Figures, sixteenth: int, player: int = PIANO) -> dict[int, int]:
    """Which pitches, and how often, if this part plays then."""
    for token in (v.POS.id(sixteenth * SIXTEENTH), player):
        figures.follow(token)
    return {token - v.ON.start: count for token, count in figures.expected().items()}


def test_a_figure_is_known_again_in_another_key() -> None:
    figures = learnt(*OPENING, *line(60, 62, 64, 67), *line(65, 67, 69, begin=8))
    assert expected(figures, 11) == {72: 1}


def test_another_part_may_take_it_up() -> None:
    figures = learnt(*OPENING, *line(60, 62, 64, 67), *line(65, 67, 69, begin=8, player=FLUTE))
    assert expected(figures, 11, FLUTE) == {72: 1}


def test_what_other_parts_do_meanwhile_does_not_matter() -> None:
    among = [token for tune in (line(60), [FLUTE, on(90)], line(62, 64, begin=1)) for token in tune]
    figures = learnt(*OPENING, *among, *line(67, begin=3), *line(65, 67, 69, begin=8))
    assert expected(figures, 11) == {72: 1}


def test_in_another_rhythm_it_is_another_figure() -> None:
    figures = learnt(*OPENING, *line(60, 62, 64, 67), *line(65, 67, 69, begin=6, step=2))
    assert expected(figures, 12) == {}


def test_a_rest_parts_two_lines() -> None:
    figures = learnt(*OPENING, *line(60, 62, 64), v.BAR, v.BAR, *line(67))
    assert not figures._younger


def test_each_note_of_a_chord_is_known_by_its_place_from_below() -> None:
    chord = [v.POS.id(3 * SIXTEENTH), PIANO, on(48), on(67)]
    figures = learnt(*OPENING, *line(60, 62, 64), *chord, *line(65, 67, 69, begin=8))
    assert expected(figures, 11) == {53: 1}
    figures.follow(on(53))
    assert figures.expected() == {on(72): 1}


def test_what_is_only_followed_is_not_learnt_and_is_left_again() -> None:
    figures = learnt(*OPENING, *line(60, 62, 64, 67))
    for token in line(50, 53, 57, 60, begin=4):
        figures.follow(token)
    for token in line(50, 53, 57, begin=8):
        figures.follow(token)
    assert expected(figures, 11) == {}
    figures.rewind()
    for token in line(65, 67, 69, begin=8):
        figures.follow(token)
    assert expected(figures, 11) == {72: 1}


def test_it_forgets_what_is_long_ago_but_never_the_last_half() -> None:
    figures = learnt(*OPENING, *line(60, 62, 64, 67), most=12)
    for heard_since in (3, 6, 9, 12):
        assert expected(learnt_on(figures, 65, 67, 69), 11) == ({72: 1} if heard_since < 8 else {})


def learnt_on(figures: Figures, *pitches: int) -> Figures:
    for token in (v.BAR, *line(*pitches, begin=8)):
        figures.push(token)
    return figures


class Struck(NamedTuple):
    """A moment of a part, as the slow twin keeps it."""

    sixteenth: int
    pitches: list[int]


def test_there_is_a_share_for_each_number_of_steps() -> None:
    assert len(SHARES) == MOST_STEPS + 1
    assert all(0 <= share < 1 for share in SHARES)
    assert not any(SHARES[:FEWEST_STEPS])


def ostinatos() -> st.SearchStrategy[Score]:
    """Two parts that have few pitches and two note values to choose from, so that figures come again."""
    strike = st.tuples(st.integers(1, 2), st.integers(0, 1), st.integers(60, 62))
    return st.lists(strike, max_size=60).map(ostinato)


def ostinato(struck: Sequence[tuple[int, int, int]]) -> Score:
    onsets = [SIXTEENTH * at for at in accumulate(gap for gap, _, _ in struck)]
    bars = onsets[-1] // 96 + 1 if onsets else 1
    strikes = [(onset, part, pitch, 6, 16) for onset, (_, part, pitch) in zip(onsets, struck, strict=True)]
    return Score((Meter(4, 4),) * bars, (), notes(strikes, 96 * bars))


@given(scores(most_bars=3) | ostinatos())
def test_it_expects_what_the_slow_twin_does(score: Score) -> None:
    figures, twin, grammar = Figures(10_000), Twin(), Grammar()
    for token in encode(score):
        if token in v.ON:
            assert figures.expected() == twin.expected(grammar.instrument, grammar.tick // SIXTEENTH)
        figures.push(token)
        for event in grammar.take(token):
            if isinstance(event, NoteOn) and event.instrument != v.DRUMS:
                twin.hear(event)


class Twin:
    """Keeps every moment of every part, and looks at all of them whenever it is asked."""

    def __init__(self) -> None:
        self.parts: dict[int, list[Struck]] = {}

    def hear(self, note: NoteOn) -> None:
        part, now = self.parts.setdefault(note.instrument, []), note.tick // SIXTEENTH
        if not part or part[-1].sixteenth != now:
            part.append(Struck(now, []))
        part[-1].pitches.append(note.pitch)

    def expected(self, instrument: int, now: int) -> dict[int, int]:
        part = list(self.parts.get(instrument, []))
        if not part or part[-1].sixteenth != now:
            part.append(Struck(now, []))
        place = len(part[-1].pitches)
        for count in range(MOST_STEPS, FEWEST_STEPS - 1, -1):
            if (asked := steps(part, len(part) - 1, count)) is not None:
                found = self._followers(asked, now - part[-2].sixteenth, place)
                top = max(part[-2].pitches)
                tokens = {on(top + step): times for step, times in found.items() if 0 <= top + step < 128}
                if found:
                    return tokens
        return {}

    def _followers(self, asked: list[tuple[int, int]], wait: int, place: int) -> Counter[int]:
        return Counter(
            part[at].pitches[place] - max(part[at - 1].pitches)
            for part in self.parts.values()
            for at in range(1, len(part))
            if len(part[at].pitches) > place
            and part[at].sixteenth - part[at - 1].sixteenth == wait
            and steps(part, at, len(asked)) == asked
        )


def steps(part: Sequence[Struck], at: int, count: int) -> list[tuple[int, int]] | None:
    """So many steps up to the moment before `at`; None where a rest, or the beginning, is among them."""
    if at - count < 1 or part[at].sixteenth - part[at - 1].sixteenth > LONGEST_WAIT:
        return None
    pairs = [(part[now - 1], part[now]) for now in range(at - count, at)]
    found = [(max(two.pitches) - max(one.pitches), two.sixteenth - one.sixteenth) for one, two in pairs]
    return None if any(wait > LONGEST_WAIT for _, wait in found) else found

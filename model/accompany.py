"""New parts beside a score that is known: in every bar the given parts are told first, then the new ones."""

from __future__ import annotations

from collections.abc import Generator, Set

from meloformer.model import vocabulary as v
from meloformer.model.chords import label
from meloformer.model.events import BarStart, Event, Key, NoteOff, NoteOn
from meloformer.model.performer import Performer
from meloformer.model.score import Score
from meloformer.model.telling import by_bar


def accompany(performer: Performer, score: Score, instruments: Set[int]) -> Generator[Event, None, None]:
    """What these instruments (0 to 128) play to the score, in a new conversation; none of them is in it.

    Only their own events, in ticks of the score; every NoteOn but a drum's gets its NoteOff, the last ones
    at the score's end. They come in with the first bar that has a note: left to itself, the model may take
    the given parts for all there are, and say nothing to the end.
    """
    assert instruments and not instruments & set(score.instruments()), "given parts are not made"
    performer.reset()
    sounding: set[Key] = set()
    silent = True
    bars = zip(score.bar_starts, score.meters, by_bar(score), label(score), strict=False)
    for bar, (start, meter, events, chord) in enumerate(bars):
        prescribed = performer.limits.rules.chord(bar)
        performer.hear(BarStart(start, meter, chord if prescribed is None else prescribed))
        performer.section(v.GIVEN)
        for event in events:
            performer.hear(event)
        performer.section(v.MADE)
        owed = silent and any(isinstance(event, NoteOn) for event in events)
        for made in performer.fill_bar(instruments, sounding, owed):
            silent = silent and not isinstance(made, NoteOn)
            yield made
    yield from (NoteOff(score.ticks, *key) for key in sorted(sounding))

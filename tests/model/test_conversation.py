"""Every bar of a conversation is told with its chord, which stands before its notes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.chords import label
from meloformer.model.conversation import Conversation
from meloformer.model.decoder import decode
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.score import Score
from music import COMMON, piece, scores, told


def heard(score: Score) -> Conversation:
    conversation = Conversation()
    for event in told(score):
        conversation.hear(event)
    return conversation


def chords(conversation: Conversation) -> list[int]:
    return [token - v.CHORD.start for token in conversation.tokens if token in v.CHORD]


@given(scores())
def test_the_chord_of_a_heard_bar_is_the_one_that_training_would_show(score: Score) -> None:
    conversation = heard(score)
    conversation.close()
    assert chords(conversation) == label(decode(conversation.tokens))


@given(scores())
def test_a_bar_is_kept_back_until_it_is_over(score: Score) -> None:
    conversation = Conversation()
    for event in told(score):
        conversation.hear(event)
        lines = sum(token == v.BAR for token in conversation.all_tokens)
        assert sum(token == v.BAR for token in conversation.tokens) == len(chords(conversation)) == lines - 1


@given(scores())
def test_what_closing_would_add_is_known_before(score: Score) -> None:
    conversation = heard(score)
    before, expected = list(conversation.tokens), conversation.closed()
    assert conversation.tokens == before
    conversation.close()
    assert conversation.tokens == before + expected


@given(scores(), st.data())
def test_one_goes_back_into_the_middle_of_a_bar_as_if_nothing_had_followed(
    score: Score, data: st.DataObject
) -> None:
    events = told(score)
    here = data.draw(st.integers(0, len(events)))
    conversation, plain = Conversation(), heard(score)
    for event in events[:here]:
        conversation.hear(event)
    mark = conversation.mark()
    for _ in range(2):
        for event in events[here:]:
            conversation.hear(event)
        conversation.close()
        said, again = conversation.tokens.copy(), conversation.answered.copy()
        conversation.say([v.BAR, v.CHORD.id(0), v.POS.id(5)])
        conversation.go_back(mark)
    plain.close()
    assert (said, again) == (plain.tokens, plain.answered)


def test_a_chord_that_was_told_stays() -> None:
    conversation = Conversation()
    conversation.hear(BarStart(0, COMMON, 40))
    conversation.hear(NoteOn(0, 0, 60, 20))
    conversation.close()
    assert chords(conversation) == [40]


def test_a_bar_of_given_parts_is_told_as_it_comes() -> None:
    conversation = Conversation()
    conversation.hear(BarStart(0, COMMON))
    conversation.section(v.GIVEN)
    assert conversation.tokens[-1] == v.GIVEN
    assert not chords(conversation)


def test_who_goes_on_with_a_bar_that_was_begun_leaves_its_beginning_as_it_is() -> None:
    conversation = heard(piece(1, bars=2))
    begun = conversation.all_tokens
    conversation.open_bar()
    assert tuple(conversation.tokens[: len(begun)]) == begun
    assert len(chords(conversation)) == 1

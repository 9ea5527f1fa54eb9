"""Infill: bars of the phrase made anew, and played as an answer."""

from __future__ import annotations

from meloformer.bridge.arguments import MOST_BARS
from meloformer.bridge.border import address_of
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import Infill
from meloformer.bridge.session.answering import ask, stop
from meloformer.bridge.session.listening import close_what_there_is
from meloformer.bridge.session.state import Span
from meloformer.bridge.session.turn import Turn


def infill(turn: Turn, message: Infill) -> None:
    """Rewrite bars of the phrase: of the one being heard, which ends here, or of the last one.

    An answer that is under way is interrupted, and so are variations; the phrase with its new bars is all
    that the conversation then consists of.
    """
    stop(turn, "interrupted")
    close_what_there_is(turn, address_of(Infill))
    span = Span(message.first_bar - 1, message.last_bar - 1, turn.state.phrase_bars)
    _check(span)
    ask(turn, span.last - span.first + 1, span=span)


def _check(span: Span) -> None:
    asked = f"{span.first + 1} to {span.last + 1}"
    if span.first > span.last:
        reason = f"bars {asked} end before they begin; send the first bar first"
    elif span.last >= span.of:
        reason = f"bars {asked} are not all in the phrase, which has {span.of}; choose from 1 to {span.of}"
    elif span.last - span.first >= MOST_BARS:
        reason = f"bars {asked} are more than {MOST_BARS}; choose fewer"
    else:
        return
    raise Refused(Code.OUT_OF_RANGE, address_of(Infill), reason)

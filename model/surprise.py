"""How much music surprises a network: of several ways to tell the same, the least surprising was meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from meloformer.model.encoder import Encoder
from meloformer.model.events import Event
from meloformer.model.listener import Listener, Weights


def surprises(network: Weights, events: Iterable[Event]) -> Iterator[float]:
    """Nats (-log of the probability) of the tokens that tell these events, bar by bar.

    The first event is a BarStart at tick 0; the network has heard nothing before it. Raises EncodeError for
    an event outside its bar or back in time.
    """
    encoder = Encoder()
    tokens = [token for event in events for token in encoder.push(event)] + encoder.flush()
    listener = Listener(network)
    listener.read(tokens[:1])
    yield from listener.surprises(tokens[1:])

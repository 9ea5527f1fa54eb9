"""The OSC wire over real sockets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from kit import OscClient, osc_client, wait_until
from meloformer.bridge import now, running
from meloformer.bridge.errors import BridgeError, Code
from meloformer.bridge.incoming import LiveNote, Ping
from meloformer.bridge.outgoing import Error, OutNote, Pong, Status
from meloformer.bridge.session.events import Received, Rejected
from meloformer.bridge.settings import Endpoint
from meloformer.bridge.transports.osc import OscWire
from meloformer.bridge.transports.packing import bundle, pack

Arrivals = list[Received | Rejected]


@contextmanager
def a_wire(client: OscClient) -> Iterator[tuple[OscWire, Arrivals]]:
    arrivals: Arrivals = []
    wire = OscWire(Endpoint("127.0.0.1", 0), Endpoint("127.0.0.1", client.port), arrivals.append)
    running.start(wire.serve, "OSC in")
    try:
        yield wire, arrivals
    finally:
        wire.close()


def arrived(arrivals: Arrivals, number: int = 1) -> Callable[[], bool]:
    return lambda: len(arrivals) >= number


def test_a_note_arrives_as_a_value_with_its_sender_and_the_instant_it_came() -> None:
    with osc_client() as client, a_wire(client) as (wire, arrivals):
        before = now.seconds()
        client.send(wire.endpoint.port, "/melo/note", 1, 60, 100)
        wait_until(arrived(arrivals), "the note")
        (received,) = arrivals
        assert isinstance(received, Received)
        assert received.message == LiveNote(1, 60, 100)
        assert received.sender == ("127.0.0.1", client.port)
        assert before <= received.at <= now.seconds()


def test_a_bundle_of_the_future_means_its_time_tag() -> None:
    with osc_client() as client, a_wire(client) as (wire, arrivals):
        due = now.seconds() + 2.0
        client.send(wire.endpoint.port, "/melo/ping", epoch_s=time.time() + 2.0)
        wait_until(arrived(arrivals), "the ping")
        assert isinstance(arrivals[0], Received)
        assert arrivals[0].at == pytest.approx(due, abs=0.2)


def test_what_is_not_osc_is_answered_to_its_sender() -> None:
    with osc_client() as home, osc_client() as stranger, a_wire(home) as (wire, arrivals):
        stranger.send_bytes(wire.endpoint.port, b"GET / HTTP/1.1")
        code, address, reason = stranger.wait_for("/melo/error").arguments
        assert (code, address) == (Code.NOT_OSC, "") and "not an OSC packet" in reason
        wait_until(arrived(arrivals), "the refusal")
        assert isinstance(arrivals[0], Rejected)


def test_one_bad_message_in_a_bundle_costs_only_itself() -> None:
    with osc_client() as client, a_wire(client) as (wire, arrivals):
        good = pack("/melo/ping", [])
        bad = pack("/melo/note", [1, 60, float("nan")])
        client.send_bytes(wire.endpoint.port, bundle(time.time(), good, bad, good))
        wait_until(arrived(arrivals, 3), "three arrivals")
        assert [type(each) for each in arrivals] == [Received, Rejected, Received]


def test_an_error_is_never_answered_with_an_error() -> None:
    with osc_client() as client, a_wire(client) as (wire, arrivals):
        client.send(wire.endpoint.port, "/melo/error", 1, "", "two bridges talking to each other")
        client.send(wire.endpoint.port, "/melo/ping")
        wait_until(arrived(arrivals), "the ping")
        assert isinstance(arrivals[0], Received) and arrivals[0].message == Ping()


def test_everything_goes_to_the_reply_address_and_to_every_client() -> None:
    with osc_client() as home, osc_client() as guest, a_wire(home) as (wire, _):
        wire.clients = frozenset({("127.0.0.1", guest.port)})
        wire.send(Pong())
        home.wait_for("/melo/pong")
        guest.wait_for("/melo/pong")


def test_who_asked_is_answered_besides_the_clients_and_nobody_twice() -> None:
    refusal = Error(Code.NOT_NOW, "/melo/phrase/end", "nothing has been heard; play")
    with osc_client() as home, osc_client() as guest, osc_client() as stranger, a_wire(home) as (wire, _):
        everybody = (home, guest, stranger)
        wire.clients = frozenset({("127.0.0.1", guest.port)})
        for client in everybody:
            wire.send(refusal, asker=("127.0.0.1", client.port))
        wire.clients = frozenset(("127.0.0.1", client.port) for client in everybody)
        wire.send(Pong())
        for client in everybody:
            client.wait_for("/melo/pong")
        assert [len(client.all("/melo/error")) for client in everybody] == [3, 3, 1]


def test_a_note_carries_the_instant_it_sounds_as_its_time_tag() -> None:
    with osc_client() as client, a_wire(client) as (wire, _):
        sounds = time.time() + 0.5
        wire.send(OutNote(7, 1, 60, 100, 4.5), at=now.seconds() + 0.5)
        note = client.wait_for("/melo/out/note")
        assert note.arguments == (7, 1, 60, 100, 4.5)
        assert note.epoch_s == pytest.approx(sounds, abs=0.01)


def test_a_client_that_cannot_be_reached_keeps_nothing_from_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with osc_client() as client, a_wire(client) as (wire, _):
        wire.clients = frozenset({("no such host.invalid", 9)})
        wire.send(Pong())
        wire.send(Pong())
        client.wait_for("/melo/pong", 2)
        assert capsys.readouterr().err.count("no such host.invalid") == 1


def test_a_port_that_is_taken_is_refused_with_the_way_out() -> None:
    with osc_client() as client, a_wire(client) as (wire, _), pytest.raises(BridgeError, match="--osc HOST"):
        OscWire(wire.endpoint, Endpoint("127.0.0.1", 9), lambda _: None)


def test_a_closed_wire_frees_its_port() -> None:
    with osc_client() as client:
        with a_wire(client) as (wire, _):
            endpoint = wire.endpoint
        OscWire(endpoint, Endpoint("127.0.0.1", client.port), lambda _: None).close()


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:7400", Endpoint("127.0.0.1", 7400)),
        ("[::1]:0", Endpoint("::1", 0)),
        ("studio.local:9000", Endpoint("studio.local", 9000)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, endpoint: Endpoint) -> None:
    assert Endpoint.parse(text) == endpoint
    assert str(endpoint) == text


@pytest.mark.parametrize("text", ["", "7400", ":7400", "localhost:", "localhost:http", "localhost:70000"])
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(BridgeError, match="HOST:PORT"):
        Endpoint.parse(text)


def test_who_is_replied_to_by_name_and_says_hello_gets_each_message_once() -> None:
    with osc_client() as home:
        wire = OscWire(Endpoint("127.0.0.1", 0), Endpoint("localhost", home.port), [].append)
        with closing(wire):
            wire.clients = frozenset({("127.0.0.1", home.port)})
            wire.send(Pong())
            wire.send(Status(("beat", 1.0)))
            home.wait_for("/melo/status")
        assert len(home.all("/melo/pong")) == 1

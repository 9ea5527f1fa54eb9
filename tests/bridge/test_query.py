"""OSCQuery: every address once, with its types and ranges, and asked for by real HTTP."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from kit import PATIENCE_S, running_bridge
from meloformer.bridge import query_tree, running
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING
from meloformer.bridge.settings import LOOPBACK, Endpoint
from meloformer.bridge.transports.query import LARGEST_QUESTION, QueryWire

OSC = Endpoint(LOOPBACK, 7400)


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("CONTENTS", {}).values():
        yield from nodes(inner)


def test_the_tree_has_every_address_exactly_once_and_no_other() -> None:
    found = [node["FULL_PATH"] for node in nodes(query_tree.tree()) if "TYPE" in node]
    assert sorted(found) == sorted({*INCOMING, *(row.address for row in OUTGOING.values())})


def test_every_node_stands_where_its_path_says() -> None:
    for node in nodes(query_tree.tree()):
        assert query_tree.answer(node["FULL_PATH"], OSC) == (200, node)
        assert set(node) <= set(query_tree.ATTRIBUTES)


@pytest.mark.parametrize(
    ("path", "types", "access", "ranges"),
    [
        ("/melo/transport/tempo", "f", 2, [{"MIN": 20, "MAX": 400}]),
        ("/melo/stop", "", 2, None),
        ("/melo/learn", "s", 2, None),
        ("/melo/control/polyphony", "i", 2, None),
        ("/melo/control/scale", "s", 2, [{}]),
        ("/melo/status", "", 2, None),
        ("/melo/out/bar", "is", 1, [{"MIN": 0}, {}]),
    ],
)
def test_an_address_says_what_it_takes(path: str, types: str, access: int, ranges: Any) -> None:
    _, node = query_tree.answer(path, OSC)
    assert (node["TYPE"], node["ACCESS"]) == (types, access)
    assert len(node.get("RANGE", [])) == len(types)
    assert ranges is None or node["RANGE"] == ranges
    assert node["DESCRIPTION"]


def test_choices_are_the_values_there_are() -> None:
    _, found = query_tree.answer("/melo/transport/clock?RANGE", OSC)
    assert found == {"RANGE": [{"VALS": ["auto", "internal", "midi", "osc", "link"]}]}


@pytest.fixture
def wire() -> Iterator[QueryWire]:
    wire = QueryWire(Endpoint(LOOPBACK, 0), partial(query_tree.answer, osc=OSC))
    running.start(wire.serve, "OSCQuery")
    yield wire
    wire.close()


def asked(wire: QueryWire, target: str, method: str = "GET") -> tuple[int, Any]:
    connection = http.client.HTTPConnection(LOOPBACK, wire.endpoint.port, timeout=PATIENCE_S)
    connection.request(method, target)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, json.loads(body) if body and method == "GET" else body


def test_the_whole_tree_one_node_and_one_attribute_can_be_asked_for(wire: QueryWire) -> None:
    assert asked(wire, "/") == (200, query_tree.tree())
    status, node = asked(wire, "/melo/transport/tempo")
    assert (status, node["FULL_PATH"], node["TYPE"]) == (200, "/melo/transport/tempo", "f")
    assert asked(wire, "/melo/transport/tempo?TYPE") == (200, {"TYPE": "f"})


def test_the_host_says_where_osc_is_heard(wire: QueryWire) -> None:
    status, info = asked(wire, "/?HOST_INFO")
    assert status == 200
    assert (info["NAME"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == ("MeloFormer", 7400, "UDP")


@pytest.mark.parametrize(
    ("target", "status"),
    [("/melo/nothing", 404), ("/melo/stop?VALUE", 400), ("/melo/stop?RANGE", 204), ("/%zz/../..", 404)],
)
def test_what_is_not_there_is_said_to_be_not_there(wire: QueryWire, target: str, status: int) -> None:
    assert asked(wire, target)[0] == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(wire: QueryWire, method: str) -> None:
    assert asked(wire, "/melo/stop", method)[0] == 501


@pytest.mark.parametrize(
    "said", [b"", b"\x00\xff\x00\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"x" * 2 * LARGEST_QUESTION]
)
def test_noise_is_answered_or_not_and_the_next_question_is(wire: QueryWire, said: bytes) -> None:
    # The other side may have hung up on so much of it.
    with socket.create_connection((LOOPBACK, wire.endpoint.port), PATIENCE_S) as noisy, suppress(OSError):
        noisy.sendall(said)
        noisy.shutdown(socket.SHUT_WR)
        assert len(noisy.recv(65_536)) < 2000
    assert asked(wire, "/?HOST_INFO")[0] == 200


def test_who_connects_and_is_silent_holds_nobody_up_for_long(wire: QueryWire) -> None:
    with socket.create_connection((LOOPBACK, wire.endpoint.port), PATIENCE_S):
        assert asked(wire, "/?HOST_INFO")[0] == 200


def test_a_port_that_is_taken_is_an_error_that_says_so(wire: QueryWire) -> None:
    with pytest.raises(BridgeError, match=f"TCP port {wire.endpoint.port}"):
        QueryWire(wire.endpoint, partial(query_tree.answer, osc=OSC))


def test_a_bridge_can_be_asked_at_the_number_of_its_osc_port(presets: Path) -> None:
    with running_bridge("--presets", str(presets)) as bridge:
        assert f"OSCQuery at http://{LOOPBACK}:{bridge.port}\n" in bridge.lines
        with urlopen(f"http://{LOOPBACK}:{bridge.port}/melo/ping?ACCESS", timeout=PATIENCE_S) as answer:
            assert json.load(answer) == {"ACCESS": 2}
        assert bridge.end() == 0


def test_a_bridge_whose_tcp_port_is_taken_says_so_and_goes_on(presets: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with running_bridge("--presets", str(presets), "--osc", f"{LOOPBACK}:{port}") as bridge:
            assert any(line.startswith(f"OSCQuery none: TCP port {port}") for line in bridge.lines)
            bridge.ask("/melo/ping", "/melo/pong")


def test_a_wire_that_is_closed_frees_its_port() -> None:
    first = QueryWire(Endpoint(LOOPBACK, 0), partial(query_tree.answer, osc=OSC))
    running.start(first.serve, "OSCQuery")
    first.close()
    second = QueryWire(first.endpoint, partial(query_tree.answer, osc=OSC))
    running.start(second.serve, "OSCQuery")
    assert asked(second, "/?HOST_INFO")[0] == 200
    second.close()

"""The table of addresses as an OSCQuery tree, so that programs can find by themselves what can be sent.

OSCQuery (github.com/Vidvox/OSCQueryProposal) describes each address by attributes of one JSON object; a
question is a path, and after a `?` the one attribute that is wanted. Values are told by `/melo/status` alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from meloformer.bridge.arguments import Argument
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING
from meloformer.bridge.reference import meaning_of
from meloformer.bridge.rows import Row
from meloformer.bridge.settings import Endpoint

Node = dict[str, Any]

NAME: Final = "MeloFormer"
HOST_INFO: Final = "HOST_INFO"
# What a node may say of itself, in the words of OSCQuery; all but the first two are extensions there.
ATTRIBUTES: Final = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "RANGE", "DESCRIPTION")
_SENT, _TAKEN = 1, 2  # what the bridge sends can be read, what clients send can be written


@cache
def tree() -> Node:
    """The root, with every address below it; one that goes both ways is described as clients send it."""
    root = _container("/")
    taken = [(row, _TAKEN) for row in INCOMING.values()]
    sent = [(row, _SENT) for row in OUTGOING.values() if row.address not in INCOMING]
    for row, access in taken + sent:
        _place(root, row.address).update(_method(row, access))
    return root


def answer(target: str, osc: Endpoint) -> tuple[HTTPStatus, Any]:
    """What is to be answered to a question, such as `/melo/transport/tempo?TYPE`, and the JSON of it."""
    path, wanted = unquote(urlsplit(target).path), urlsplit(target).query
    if wanted == HOST_INFO:
        return HTTPStatus.OK, host_info(osc)
    node = _found(path)
    if node is None:
        return HTTPStatus.NOT_FOUND, {"ERROR": f"there is no {path:.80}; / holds everything that there is"}
    if not wanted:
        return HTTPStatus.OK, node
    if wanted not in ATTRIBUTES:
        known = ", ".join((*ATTRIBUTES, HOST_INFO))
        return HTTPStatus.BAD_REQUEST, {"ERROR": f"{wanted:.80} is not told here; what is told: {known}"}
    return (HTTPStatus.OK, {wanted: node[wanted]}) if wanted in node else (HTTPStatus.NO_CONTENT, None)


def host_info(osc: Endpoint) -> Node:
    """Who this is, and where OSC is heard."""
    told = dict.fromkeys(ATTRIBUTES[2:], True)
    return {
        "NAME": NAME,
        "OSC_IP": osc.host,
        "OSC_PORT": osc.port,
        "OSC_TRANSPORT": "UDP",
        "EXTENSIONS": told | {"VALUE": False, "LISTEN": False},
    }


def _container(path: str) -> Node:
    return {"FULL_PATH": path, "ACCESS": 0, "CONTENTS": {}}


def _place(root: Node, address: str) -> Node:
    """The node of an address, which is made with those above it."""
    node, path = root, ""
    for name in address.split("/")[1:]:
        path += f"/{name}"
        node = node.setdefault("CONTENTS", {}).setdefault(name, _container(path))
    return node


def _found(path: str) -> Node | None:
    node: Node | None = tree()
    for name in filter(None, path.split("/")):
        node = (node or {}).get("CONTENTS", {}).get(name)
    return node


def _method(row: Row, access: int) -> Node:
    arguments = [argument for argument in row.arguments if not argument.optional]
    method: Node = {
        "TYPE": "".join(map(_tag, arguments)),
        "ACCESS": access,
        "DESCRIPTION": f"({row.signature}) {meaning_of(row)}" if row.arguments else meaning_of(row),
    }
    if arguments:
        method["RANGE"] = [dict(_range(argument)) for argument in arguments]
    return method


def _tag(argument: Argument) -> str:
    """Its OSC type; of one that may be several values, the first one's, as a text where it may be any."""
    return "s" if argument.tag == "*" else argument.tag


def _range(argument: Argument) -> Iterator[tuple[str, Any]]:
    says = argument.says
    if says.choices:
        yield "VALS", list(says.choices)
    for name, end in (("MIN", says.low), ("MAX", says.high)):
        if math.isfinite(end):
            yield name, int(end) if argument.tag == "i" else end

"""The Max patch, checked as the file that it is: Max itself does not run here."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.border import read
from meloformer.bridge.clients import FOLDER
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING, Status
from meloformer.bridge.session.actions import Send
from rehearsal import Rehearsal

PATCH: dict[str, Any] = json.loads((FOLDER / "meloformer.maxpat").read_text(encoding="utf-8"))["patcher"]
BOXES: dict[str, dict[str, Any]] = {entry["box"]["id"]: entry["box"] for entry in PATCH["boxes"]}
CORDS = [(line["patchline"]["source"], line["patchline"]["destination"]) for line in PATCH["lines"]]
MESSAGES = [box["text"] for box in BOXES.values() if box["maxclass"] == "message"]
OBJECTS = [box["text"].split() for box in BOXES.values() if box["maxclass"] == "newobj"]
FIXED = {  # inlets and outlets that Max gives an object whatever its arguments
    "closebang": (1, 1),
    "ctlout": (3, 0),
    "loadbang": (1, 1),
    "loadmess": (1, 1),
    "metro": (2, 1),
    "notein": (1, 3),
    "noteout": (3, 0),
    "prepend": (1, 1),
    "print": (1, 0),
    "r": (0, 1),
    "s": (1, 0),
    "select": (2, 2),
    "timer": (2, 2),
    "udpreceive": (1, 1),
    "udpsend": (1, 0),
    "uzi": (2, 3),
    "zl.iter": (2, 2),
}


def shape(name: str, *arguments: str) -> tuple[int, int]:
    """Inlets and outlets of an object, from its name and its arguments."""
    number = len(arguments)
    if name == "expr":
        return max(int(digit) for digit in re.findall(r"\$f(\d)", " ".join(arguments))), 1
    by_arguments = {
        "pack": (number, 1),
        "pipe": (number, number - 1),  # the last one is the delay
        "route": (number + 1, number + 1),
        "t": (1, number),
        "unpack": (1, number),
    }
    return FIXED.get(name) or by_arguments[name]


def clickable() -> list[str]:
    """Every OSC message that a message box sends, with 1 for what it fills in."""
    parts = [part.strip() for text in MESSAGES for part in text.split(",")]
    return [part.replace("$1", "1").replace("$2", "1").replace("$3", "1") for part in parts if part[0] == "/"]


def number(word: str) -> int | float | str:
    """An argument as Max reads it: with a point it is a float."""
    try:
        return float(word) if "." in word else int(word)
    except ValueError:
        return word


def test_no_two_boxes_share_an_id() -> None:
    ids = Counter(entry["box"]["id"] for entry in PATCH["boxes"])
    assert ids.most_common(1)[0][1] == 1


def test_every_cord_begins_at_an_outlet_and_ends_at_an_inlet() -> None:
    for (source, outlet), (destination, inlet) in CORDS:
        assert 0 <= outlet < BOXES[source]["numoutlets"], BOXES[source]
        assert 0 <= inlet < BOXES[destination]["numinlets"], BOXES[destination]


def test_no_cord_is_there_twice() -> None:
    assert len({(tuple(source), tuple(destination)) for source, destination in CORDS}) == len(CORDS)


def test_every_box_has_its_place_and_a_type_for_each_outlet() -> None:
    for box in BOXES.values():
        assert len(box["patching_rect"]) == 4, box
        assert len(box.get("outlettype", [])) == box["numoutlets"], box


def test_every_object_has_the_inlets_and_outlets_that_max_gives_it() -> None:
    for box in BOXES.values():
        if box["maxclass"] == "newobj":
            assert (box["numinlets"], box["numoutlets"]) == shape(*box["text"].split()), box["text"]


@pytest.mark.parametrize("message", sorted(set(clickable())))
def test_every_message_that_can_be_sent_is_one_that_the_bridge_takes(message: str) -> None:
    address, *words = message.split()
    assert address in INCOMING
    read(address, tuple(number(word) for word in words))


def test_every_address_that_the_patch_listens_to_is_in_the_table() -> None:
    heard = {word for words in OBJECTS if words[0] == "route" for word in words[1:] if word[0] == "/"}
    assert {"/melo/out/note", "/melo/out/off", "/melo/out/end"} <= heard
    assert heard <= {row.address for row in OUTGOING.values()}


def test_the_status_of_the_bridge_tells_all_that_the_patch_keeps_time_by() -> None:
    (sent,) = Rehearsal().receives(osc.AskStatus())
    assert isinstance(sent, Send) and isinstance(sent.message, Status)
    (keeps,) = [words[1:] for words in OBJECTS if words[0] == "route" and "beat" in words]
    assert set(keeps) <= set(sent.message.pairs[::2])


def test_answers_arrive_at_the_port_that_hello_names() -> None:
    ports = [words[1] for words in OBJECTS if words[0] == "udpreceive"]
    named = {
        message.split()[1] for message in clickable() if message.startswith(("/melo/hello", "/melo/bye"))
    }
    assert named == set(ports)


def test_every_wireless_cord_has_both_ends() -> None:
    ends = {kind: {words[1] for words in OBJECTS if words[0] == kind} for kind in "sr"}
    assert ends["s"] == ends["r"] != set()

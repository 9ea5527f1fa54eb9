"""YAML text to plain data, with the line of every field, and nothing that could hurt.

`yaml.safe_load` alone lets anchors grow a small file into a huge one, keeps the last of two equal keys, and
forgets lines. So the events are looked at first, and the data is then built from the nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from meloformer.presets.errors import Mistake
from meloformer.presets.fields import Steps

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 8
MAX_WHOLE_NUMBER: Final = 2**63

_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null"))


class UnreadableError(Exception):
    """The text is not a document we take at all; `mistake` says where and why."""

    def __init__(self, line: int, problem: str, allowed: str) -> None:
        super().__init__(problem)
        self.mistake = Mistake(line, "", problem, allowed)


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None), and the line, from 1, of every step into it."""

    data: Any
    lines: Mapping[Steps, int]

    def line_of(self, steps: Steps) -> int:
        """The line of a value, or of the nearest thing around it where it is missing."""
        while steps not in self.lines:
            steps = steps[:-1]
        return self.lines[steps]


def parse(raw: bytes) -> Document:
    """Read one YAML document; raises UnreadableError for text that is none, for anchors and odd tags."""
    text = _text(raw)
    try:
        _guard(text)
        node: yaml.Node | None = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise UnreadableError(
            line, f"this is not YAML ({error.problem})", "fields as in `name: value`"
        ) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnreadableError(line, "there is a control character in the text", "plain text") from error
    if node is None:
        raise UnreadableError(1, "the file is empty", "fields as in `name: value`")
    lines: dict[Steps, int] = {}
    return Document(_plain(node, (), lines), lines)


def _text(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise UnreadableError(1, f"the file has {len(raw)} bytes", f"at most {MAX_BYTES} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError(line, "this is not UTF-8 text", "a text file saved as UTF-8") from error


def _guard(text: str) -> None:
    """Refuse by its events what must not even be composed: references, deep nesting, many documents."""
    depth = documents = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UnreadableError(
                line, "there is an anchor (&) or a reference (*)", "values written out in full"
            )
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise UnreadableError(line, "the values are nested too deep", f"at most {MAX_DEPTH} levels")
        if documents > 1:
            raise UnreadableError(line, "a second document begins", "one document in a file")


def _plain(node: yaml.Node, steps: Steps, lines: dict[Steps, int]) -> Any:
    """The node's value as plain data; the lines of everything in it go to `lines`."""
    lines.setdefault(steps, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
        return _group(node, steps, lines)
    if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
        return [_plain(item, (*steps, index), lines) for index, item in enumerate(node.value)]
    return _scalar(node)


def _group(node: yaml.MappingNode, steps: Steps, lines: dict[Steps, int]) -> dict[str, Any]:
    group: dict[str, Any] = {}
    for key, item in node.value:
        name, line = _name(key), key.start_mark.line + 1
        if name in group:
            first = lines[*steps, name]
            raise UnreadableError(line, f"{name} is written twice, first in line {first}", "each field once")
        lines[*steps, name] = line
        group[name] = _plain(item, (*steps, name), lines)
    return group


def _name(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag != _TAG + "str":
        raise UnreadableError(node.start_mark.line + 1, "a field's name is not a word", "words as names")
    return str(node.value)


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _SCALARS:
        kind = node.tag.removeprefix(_TAG)
        raise UnreadableError(
            line, f"a value is of the kind {kind}", "text, numbers, lists and groups of fields"
        )
    try:
        value: str | int | float | bool | None = yaml.SafeLoader("").construct_object(node)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(line, "this number cannot be read", "numbers like 4 or 0.5") from error
    if isinstance(value, int) and abs(value) > MAX_WHOLE_NUMBER:
        raise UnreadableError(line, "this number has too many digits", "numbers like 4 or 0.5")
    return value

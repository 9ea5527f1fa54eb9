"""The JSON Schema and the reader are one table, so they must agree on every document."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from meloformer.presets import SHIPPED
from meloformer.presets.schema import schema
from meloformer.presets.shape import PRESET

GOLDEN = Path(__file__).parent.parent / "golden" / "preset_format_1.yaml"
VALIDATOR = jsonschema.Draft202012Validator(schema())
EXAMPLES = [yaml.safe_load(file.read_text()) for file in (GOLDEN, SHIPPED / "band.yaml")]
EXAMPLES.append(EXAMPLES[1] | {"midi_out": {"programs": True, "state_cc": 119}})

words = ["format", "name", "temperature", "cc", "control", "action", "program", "drums", "bar", "stop", "any"]
numbers = st.integers(-2, 130) | st.floats(-2, 130) | st.integers() | st.floats(allow_nan=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.sampled_from(words) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(words), inner, max_size=3),
    max_leaves=4,
)


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a document."""
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    return [place for key in keys for place in [(data, key), *places(data[key])]]


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """A good preset in which one to three things were replaced, removed or added."""
    data = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(places(data)))
        match draw(st.sampled_from(["replace", "replace", "remove", "add"])):
            case "replace":
                container[key] = draw(values)
            case "remove":
                del container[key]
            case "add" if isinstance(container, dict):
                container[draw(st.sampled_from(words))] = draw(values)
            case "add":
                container.append(draw(values))
        if not places(data):
            break
    return data


def test_the_schema_is_a_schema_and_is_json() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert json.loads(json.dumps(schema(), allow_nan=False)) == schema()


@pytest.mark.parametrize("example", EXAMPLES, ids=["golden", "band", "with MIDI out"])
def test_presets_that_people_use_are_valid(example: Any) -> None:
    VALIDATOR.validate(example)


@given(changed())
def test_reader_and_schema_agree_on_every_document(data: Any) -> None:
    faults = list(PRESET.faults(data, ()))
    assert VALIDATOR.is_valid(data) == (not faults), faults


@given(values)
def test_reader_and_schema_agree_on_what_is_no_preset_at_all(data: Any) -> None:
    assert VALIDATOR.is_valid(data) == (not list(PRESET.faults(data, ())))


@given(changed())
def test_what_the_reader_fills_in_is_what_the_schema_calls_the_default(data: Any) -> None:
    if not list(PRESET.faults(data, ())):
        completed = PRESET.completed(data)
        assert PRESET.completed(data | {"listen": completed["listen"]}) == completed


def test_every_field_is_explained_in_the_schema() -> None:
    def unexplained(shape: dict[str, Any], name: str) -> list[str]:
        inner = shape.get("properties", {}) | ({"item": shape["items"]} if "items" in shape else {})
        deeper = [found for key, value in inner.items() for found in unexplained(value, f"{name}.{key}")]
        return deeper + ([] if shape.get("description") else [name])

    assert unexplained(schema(), "preset") == []

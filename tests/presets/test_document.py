"""YAML text to plain data: lines are kept, and nothing in a text can hurt."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from meloformer.presets.document import MAX_BYTES, UnreadableError, parse

LAUGHS = "a: &a [ha, ha]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in pairwise("abcdefghi"))

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text()
plain = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def refusal(raw: str | bytes) -> tuple[int, str]:
    with pytest.raises(UnreadableError) as caught:
        parse(raw.encode() if isinstance(raw, str) else raw)
    return caught.value.mistake.line, caught.value.mistake.problem


def test_every_field_knows_its_line() -> None:
    document = parse(b"# a remark\nname: x\nparts:\n  - {channel: 1}\n  - channel: 2\n    program: 3\n")
    assert document.line_of(("name",)) == 2
    assert document.line_of(("parts", 0, "channel")) == 4
    assert document.line_of(("parts", 1, "program")) == 6


def test_a_missing_field_is_told_by_the_line_of_what_it_is_missing_from() -> None:
    assert parse(b"a: 1\nlisten:\n  end: bars\n").line_of(("listen", "bars")) == 2


@pytest.mark.parametrize(
    ("raw", "line", "problem"),
    [
        (b"", 1, "empty"),
        (b"# only a remark\n", 1, "empty"),
        (b"a: 1\nb: [1, 2\n", 3, "not YAML"),
        (b"a: 1\n\tb: 2\n", 2, "not YAML"),
        (b"a: 1\nb: \xff\n", 2, "UTF-8"),
        (b"a: 1\nb: \x00\n", 2, "control character"),
        (b"a: 1\nb: 1\na: 2\n", 3, "written twice, first in line 1"),
        (b"a:\n  b: 1\n  b: 1\n", 3, "written twice, first in line 2"),
        (b"{a: 1, a: 2}", 1, "written twice"),
        (b"a: &x 1\n", 1, "anchor"),
        (b"a: 1\nb: *x\n", 2, "reference"),
        (b"a: 1\n---\nb: 2\n", 2, "second document"),
        (b"1: 2\n", 1, "name is not a word"),
        (b"[a]: 2\n", 1, "name is not a word"),
        (b"a: 1\n<<: {b: 2}\n", 2, "name is not a word"),
        (b"a: 2026-01-02\n", 1, "kind timestamp"),
        (b"a: !!set {b}\n", 1, "kind set"),
        (b"a: !!python/object/apply:os.system [true]\n", 1, "python/object"),
        (b"a: !!int x\n", 1, "cannot be read"),
        (b"a: " + b"9" * 5000, 1, "cannot be read"),
        (b"a: 0x" + b"f" * 5000, 1, "too many digits"),
        (b"a: " + b"59:" * 5000 + b"1.5", 1, "cannot be read"),
        (b"[" * MAX_BYTES, 1, "nested too deep"),
        (b"- " * 5000, 1, "nested too deep"),
        (b"#" * (MAX_BYTES + 1), 1, "bytes"),
    ],
)
def test_a_text_that_is_no_preset_is_refused_with_its_line(raw: bytes, line: int, problem: str) -> None:
    found_line, found_problem = refusal(raw)
    assert problem in found_problem
    assert found_line == line


def test_a_text_that_would_grow_by_references_is_refused_before_it_grows() -> None:
    assert refusal(LAUGHS) == (1, "there is an anchor (&) or a reference (*)")


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse(b"\xef\xbb\xbfname: x").data == {"name": "x"}


@given(plain)
def test_plain_data_comes_back_as_it_was(data: Any) -> None:
    text = yaml.safe_dump({"it": data}).encode()  # escaped: unescaped, PyYAML reads U+0085 as a line break
    try:
        assert parse(text).data == {"it": data}
    except UnreadableError as error:
        assert "anchor" in error.mistake.problem or "deep" in error.mistake.problem


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        parse(raw)
    except UnreadableError as error:
        assert 1 <= error.mistake.line <= raw.count(b"\n") + raw.count(b"\r") + 2

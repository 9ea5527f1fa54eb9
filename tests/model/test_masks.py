"""Who sees whom: each rule drawn, and compared with what it says in plain loops."""

from __future__ import annotations

from pathlib import Path

import torch

from meloformer.model import vocabulary as v
from meloformer.model.layout import COLUMNS, PADDING, Document, pack
from meloformer.model.masks import (
    FINE_BARS,
    TOLD_BARS,
    Columns,
    dense,
    draw,
    earlier_summaries,
    ended_bars,
    fine_table,
    hid_attention,
    own_bar,
    related_bars,
    same_document,
)
from music import columns, document

GOLDEN = Path(__file__).parent.parent / "golden"
COMMON_TIME = (v.NUM.id(3), v.DEN.id(2))
GIVEN_PART = (v.GIVEN, v.POS.id(0), v.INST.id(33), v.VEL.id(20), v.ON.id(36), v.MADE)
MADE_PART = (v.POS.id(0), v.INST.id(0), v.VEL.id(20), v.ON.id(60))
# Four bars of which the second and third are told last, the first with given parts; then another piece.
PAST = (v.BOS, v.BAR, *COMMON_TIME, *GIVEN_PART, *MADE_PART)
MOVED = Document([*PAST, v.FUTURE, v.BAR, v.PRESENT, v.BAR, v.BAR, v.EOS], gap=2)
ANOTHER = Document([v.BOS, v.BAR, *COMMON_TIME, *MADE_PART, v.BAR, v.EOS])
SUMMARIES, TOKENS = 7, 32
RULES = (same_document, related_bars, ended_bars, own_bar, earlier_summaries, hid_attention)


def small_row() -> Columns:
    return columns([pack([MOVED, ANOTHER], SUMMARIES, TOKENS)], SUMMARIES)


def pictures() -> str:
    """Every rule on the small row, with its own words above it; each line begins with its query's token."""
    row = small_row()
    names = [f"{v.describe(int(token)):8}" for token in row.token[0]]
    parts = []
    for rule in RULES:
        lines = draw(rule(row), SUMMARIES + TOKENS).splitlines()
        picture = "\n".join(f"{who} {line}" for who, line in zip(names, lines, strict=True))
        parts.append(f"{rule.__name__}: {rule.__doc__}\n\n{picture}\n")
    return "\n".join(parts)


def test_the_rules_draw_themselves_as_they_did() -> None:
    assert pictures() == (GOLDEN / "masks.txt").read_text(encoding="utf-8")


def sees(row: Columns, q: int, kv: int) -> bool:
    """The slow twin: the whole mask in plain words, for one query and one key of the first row."""
    names = ("document", "segment", "bar")
    query, key = ({name: int(getattr(row, name)[0, at]) for name in names} for at in (q, kv))
    told_ago = query["segment"] - key["segment"]
    if query["document"] != key["document"] or told_ago > TOLD_BARS:
        return False
    query_is_summary, key_is_summary = q < row.summaries, kv < row.summaries
    if query_is_summary:
        return kv <= q if key_is_summary else told_ago == 0
    if key_is_summary:
        return told_ago > 0
    return kv <= q and abs(query["bar"] - key["bar"]) in FINE_BARS


def test_the_mask_is_what_the_rules_say_in_plain_words() -> None:
    documents = [document(0, bars=5, missing=(1, 3), density=2), document(1, bars=4, density=2)]
    row = columns([pack(documents, 12, 200)], 12)
    mask = dense(hid_attention(row), 1, 212)[0, 0]
    assert mask.tolist() == [[sees(row, q, kv) for kv in range(212)] for q in range(212)]


def test_every_query_sees_something() -> None:
    """Padding too: a softmax over nothing would be no number."""
    assert dense(hid_attention(small_row()), 1, SUMMARIES + TOKENS).any(-1).all()


def test_padding_and_pieces_never_see_each_other() -> None:
    row = small_row()
    mask = dense(hid_attention(row), 1, SUMMARIES + TOKENS)[0, 0]
    owner = row.document[0]
    assert set(owner.tolist()) == {0, 1, PADDING}
    assert not mask[owner[:, None] != owner[None, :]].any()


def far_apart(bars: int) -> Columns:
    """One token in each of so many bars, and their summaries."""
    tokens = [v.BOS, v.BAR, *COMMON_TIME, *[v.BAR] * (bars - 1)]
    return columns([pack([Document(tokens)], bars, len(tokens))], bars)


def test_bars_are_seen_finely_at_the_distances_of_musical_form() -> None:
    row = far_apart(140)
    mask = dense(hid_attention(row), 1, row.token.shape[1])[0, 0]
    seen = mask[-1, 140:].nonzero().flatten() + 140
    distances = {int(row.bar[0, -1] - row.bar[0, at]) for at in seen}
    assert distances == set(FINE_BARS)


def test_what_was_told_long_ago_is_out_of_sight() -> None:
    row = far_apart(140)
    mask = dense(hid_attention(row), 1, row.token.shape[1])[0, 0]
    assert mask[-1, :140].nonzero().flatten().tolist() == list(range(139 - TOLD_BARS, 139))
    assert mask[139, :140].nonzero().flatten().tolist() == list(range(139 - TOLD_BARS, 140))


def test_the_table_of_distances_holds_every_fine_bar_and_none_beyond() -> None:
    table = fine_table()
    assert torch.nonzero(table).flatten().tolist() == list(FINE_BARS)
    assert not table[-1]


def test_columns_come_apart_in_the_order_in_which_they_are_packed() -> None:
    row = pack([MOVED], SUMMARIES, TOKENS)
    apart = columns([row], SUMMARIES)
    for index, name in enumerate(COLUMNS):
        assert getattr(apart, name)[0].tolist() == row.columns[index].tolist()

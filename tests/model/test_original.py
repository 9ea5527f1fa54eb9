"""What went wrong in the original, one claim each, so that it does not here."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.attention.flex_attention import flex_attention

from meloformer.model import attention
from meloformer.model import vocabulary as v
from meloformer.model.attention import dense_attend
from meloformer.model.decoder import collect, decode
from meloformer.model.layout import Document, pack
from meloformer.model.listener import Listener
from meloformer.model.masks import Columns, dense, hid_attention
from meloformer.model.midi import write
from meloformer.model.network import Attend, Network, rotate, rotation
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter, Note, Score, TempoChange, tempo_step
from meloformer.model.shape import HEAD_DIM
from meloformer.model.telling import encode
from music import COMMON, columns, document, network, piece, told

TEMPO = (TempoChange(0, tempo_step(120)),)


@pytest.fixture(scope="module")
def model() -> Network:
    return network()


def logits(model: Network, *rows: list[Document]) -> Tensor:
    batch = columns([pack(row, 16, 400) for row in rows], 16)
    with torch.inference_mode():
        found: Tensor = model(batch, dense_attend(batch))
    return found


def test_no_summary_carries_a_later_note_of_its_own_bar_back(model: Network) -> None:
    """There, 81 of 116 positions saw the future. Here the last note of every bar is changed in turn."""
    tokens = list(document(0).tokens)
    whole = logits(model, [Document(tokens)])[0]
    for at in (at for at, token in enumerate(tokens) if token in v.ON):
        other = [*tokens[:at], v.ON.id((tokens[at] - v.ON.start + 1) % 128), *tokens[at + 1 :]]
        assert torch.allclose(logits(model, [Document(other)])[0, :at], whole[:at], atol=1e-5)


def test_packed_pieces_do_not_leak_into_each_other(model: Network) -> None:
    first, second, other = (document(seed, bars=3) for seed in (1, 2, 3))
    start = len(first.tokens)
    stop = start + len(second.tokens)
    together = logits(model, [first, second])[0, start:stop]
    behind_another = logits(model, [other, second])[0, len(other.tokens) :][: stop - start]
    assert torch.allclose(together, behind_another, atol=1e-5)


def test_every_row_of_a_batch_is_read_by_its_own_places(model: Network) -> None:
    rows = [[document(seed, bars=3 + seed)] for seed in range(3)]
    together = logits(model, *rows)
    for index, row in enumerate(rows):
        assert torch.allclose(together[index], logits(model, row)[0], atol=1e-5)


def test_the_musical_rotary_position_is_a_rotation() -> None:
    """Lengths stay, at any bar and tick."""
    torch.manual_seed(0)
    vectors = torch.randn(1, 1, 50, HEAD_DIM)
    turned = rotate(vectors, rotation(torch.arange(50)[None], 7 * torch.arange(50)[None]))
    assert torch.allclose(turned.norm(dim=-1), vectors.norm(dim=-1), atol=1e-5)
    assert not torch.allclose(turned, vectors)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch says it to itself as it compiles
def test_flex_attention_is_compiled_once_and_never_goes_dense_in_silence() -> None:
    compiled = attention._compiled()
    assert compiled is attention._compiled()
    assert compiled is not flex_attention
    assert torch._dynamo.config.fail_on_recompile_limit_hit


def test_playing_reads_each_token_once_and_keeps_the_rest(
    model: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, each new token read the whole piece again."""
    listener, tokens = Listener(model), document(0).tokens
    lengths: list[int] = []

    def hidden(row: Columns, attend: Attend) -> Tensor:
        lengths.append(row.token.shape[1])
        return Network.hidden(model, row, attend)

    listener.read(tokens[:-8])
    monkeypatch.setattr(model, "hidden", hidden)
    for token in tokens[-8:]:
        listener.read([token])
    assert set(lengths) == {1}


def test_playing_sees_what_training_showed(model: Network) -> None:
    told_once = document(4, bars=7, missing=(2, 4))
    listener = Listener(model, told_once.gap)
    listener.read(told_once.tokens)
    expected = logits(model, [told_once])[0, len(told_once.tokens) - 1].numpy()
    np.testing.assert_allclose(listener.logits(), expected, atol=2e-4)


def test_music_keeps_its_speed(model: Network, tmp_path: Path) -> None:
    """A second of notes is a second in the file, and an answered bar is as long as a heard one."""
    second = Score((COMMON,), TEMPO, (Note(0, 0, 60, 48, 20),))
    write(second, tmp_path / "second.mid")
    assert mido.MidiFile(tmp_path / "second.mid").length == pytest.approx(1.0, abs=0.02)
    performer = Performer(model, Sampling(), seed=1)
    for event in told(piece(0, bars=1)):
        performer.hear(event)
    assert collect(performer.answer(2)).bar_starts == (0, 96, 192)


def test_every_note_comes_back_through_its_token_ids() -> None:
    """There, 13 to 43 % did."""
    for seed in range(20):
        score = piece(seed)
        assert decode(encode(score)).notes == score.notes


def test_empty_bars_do_not_vanish() -> None:
    score = Score((COMMON,) * 5, TEMPO, (Note(200, 0, 60, 210, 20),))
    assert decode(encode(score)).meters == score.meters


def test_each_meter_has_its_own_places() -> None:
    """There, any bar had 16. Here each tick of a bar can begin a note, and no tick beyond it."""
    for meter in (Meter(3, 8), Meter(4, 4), Meter(5, 4), Meter(7, 8), Meter(1, 32), Meter(16, 4)):
        notes = tuple(Note(tick, 0, 60, tick + 1, 20) for tick in range(meter.ticks))
        score = Score((meter,), TEMPO, notes)
        assert decode(encode(score)) == score
        assert sum(token in v.POS for token in encode(score)) == meter.ticks


def test_a_mask_is_the_same_for_training_and_for_playing() -> None:
    """One rule: what the cache gathers for a bar is what the mask shows its tokens."""
    row = columns([pack([document(2, bars=6, density=2)], 6, 120)], 6)
    mask = dense(hid_attention(row), 1, 126)[0, 0]
    last = int((row.document[0] >= 0).nonzero()[-1])
    seen = {int(row.bar[0, at]) for at in mask[last].nonzero().flatten() if at >= 6}
    assert seen == {5, 4, 3, 1}

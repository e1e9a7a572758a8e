"""Weights in another quantisation: what is converted, what stays, and that it is made once."""

import threading
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type

from scripts.engines import quantized as module
from scripts.engines.quantized import quantized
from scripts.errors import UserError

ROWS, LENGTH = 6, 64
MATRIX = np.linspace(-1, 1, ROWS * LENGTH, dtype=np.float32).reshape(ROWS, LENGTH)
TENSORS: dict[str, Any] = {
    "token_embd.weight": MATRIX,
    "output.weight": MATRIX,
    "blk.0.attn_norm.weight": MATRIX[0],
    "blk.0.attn_output.weight": MATRIX,
    "blk.0.ffn_gate_inp.weight": MATRIX,
    "blk.0.odd.weight": np.ascontiguousarray(MATRIX[:, :40]),
}
CONVERTED = {"blk.0.attn_output.weight"}


def model(path: Path, stored: Type = Type.Q4_1, **fields: str) -> Path:
    """Write a model whose matrices are stored in a type."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_1)
    writer.add_chat_template("{{ messages }}")
    writer.add_token_list(["a", "ü"])
    for name, value in fields.items():
        writer.add_string(name.replace("__", "."), value)
    for name, values in TENSORS.items():
        is_matrix = values.ndim == 2 and values.shape[1] % 32 == 0 and stored != Type.F32
        writer.add_tensor(
            name, gguf.quantize(values, stored) if is_matrix else values, raw_dtype=stored if is_matrix else None
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tensors(path: Path) -> dict[str, gguf.ReaderTensor]:
    return {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}


def values(tensor: gguf.ReaderTensor) -> Any:
    return gguf.dequantize(tensor.data, tensor.tensor_type)


@pytest.mark.parametrize(("to", "error"), [("Q4_0", 0.13), ("Q8_0", 0.04)])
def test_matrices_of_layers_are_converted_and_nothing_else(to: Any, error: float, tmp_path: Path) -> None:
    source = model(tmp_path / "model.gguf")
    before, after = tensors(source), tensors(quantized(source, to, tmp_path / "cache"))
    assert list(after) == list(before) == list(TENSORS)
    for name, tensor in after.items():
        assert tensor.shape.tolist() == before[name].shape.tolist()
        if name in CONVERTED:
            assert tensor.tensor_type == Type[to]
            assert np.array_equal(tensor.data, gguf.quantize(values(before[name]), Type[to]))
            assert np.abs(values(tensor) - TENSORS[name]).max() < error
        else:
            assert tensor.tensor_type == before[name].tensor_type and np.array_equal(tensor.data, before[name].data)


def test_what_a_file_says_of_the_model_is_kept(tmp_path: Path) -> None:
    source = model(tmp_path / "model.gguf", general__name="Ünique")
    before, after = gguf.GGUFReader(source), gguf.GGUFReader(quantized(source, "Q4_0", tmp_path / "cache"))
    told = {name: field.contents() for name, field in before.fields.items() if not name.startswith("GGUF.")}
    assert told["general.name"] == "Ünique" and told["tokenizer.ggml.tokens"] == ["a", "ü"]
    again = {name: field.contents() for name, field in after.fields.items() if not name.startswith("GGUF.")}
    assert again == {**told, "general.file_type": int(gguf.LlamaFileType.MOSTLY_Q4_0)}


def test_each_type_and_each_content_has_a_file_of_its_own(tmp_path: Path) -> None:
    source, other = model(tmp_path / "model.gguf"), model(tmp_path / "other.gguf", general__name="other")
    moved = model(tmp_path / "moved.gguf")
    made = [quantized(path, to, tmp_path / "cache") for path in (source, other) for to in ("Q4_0", "Q8_0")]
    assert len(set(made)) == 4
    assert quantized(moved, "Q4_0", tmp_path / "cache") == made[0]


def test_it_is_made_once_also_by_several_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, made, convert = model(tmp_path / "model.gguf"), [], module._convert

    def counted(*told: Any) -> None:
        made.append(told)
        convert(*told)

    monkeypatch.setattr(module, "_convert", counted)
    threads = [threading.Thread(target=quantized, args=(source, "Q4_0", tmp_path / "cache")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_what_was_cut_off_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = model(tmp_path / "model.gguf")
    whole = quantized(source, "Q4_0", tmp_path / "whole").read_bytes()

    def full(*told: Any) -> None:
        told[2].write_bytes(whole[:100])
        raise OSError("No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(module, "_convert", full)
        with pytest.raises(OSError, match="No space"):
            quantized(source, "Q4_0", tmp_path / "cache")
    assert quantized(source, "Q4_0", tmp_path / "cache").read_bytes() == whole


def test_a_part_of_a_model_is_refused(tmp_path: Path) -> None:
    source = model(tmp_path / "model.gguf", split__count="2")
    with pytest.raises(UserError, match=r"model\.gguf is a part of a model, expected the whole model in one file"):
        quantized(source, "Q4_0", tmp_path / "cache")


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(share: float, tmp_path: Path) -> None:
    whole = model(tmp_path / "model.gguf").read_bytes()
    (tmp_path / "part.gguf").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match=r"part\.gguf cannot be read \(.+\), expected a whole GGUF file"):
        quantized(tmp_path / "part.gguf", "Q4_0", tmp_path / "cache")


def test_a_type_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(gguf, "dequantize", unknown)
    source = model(tmp_path / "model.gguf")
    with pytest.raises(UserError, match=r"holds blk\.0\.attn_output\.weight in type Q4_1, which cannot be converted"):
        quantized(source, "Q4_0", tmp_path / "cache")

"""Weights in another type: what is converted, what stays, and that a file is whole and made once."""

import threading
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Type

from personas.config.machine import Machine
from personas.core.errors import UserError
from personas.engines.weights import conversion
from personas.engines.weights.conversion import convert
from personas.engines.weights.converted import converted_file

MATRIX = np.linspace(-1, 1, 2 * 64, dtype=np.float32).reshape(2, 64)
CONVERTED = [
    *(f"blk.0.attn_{part}.weight" for part in ("q", "k", "v", "qkv", "output")),
    *(f"blk.11.ffn_{part}.weight" for part in ("gate", "up", "down", "up_exps", "down_shexp")),
]
KEPT = [
    *("token_embd.weight", "output.weight", "position_embd.weight", "per_layer_token_embd.weight"),
    *(f"blk.0.{part}.weight" for part in ("attn_q_norm", "ffn_gate_inp", "ffn_gate_inp_shexp", "ssm_conv1d")),
    *("blk.0.ffn_gate_exps.bias", "blk.0.attn_q.scale"),
]
ODD = {"blk.1.attn_q.weight": np.ascontiguousarray(MATRIX[:, :40]), "blk.1.attn_k.weight": MATRIX[0]}
"""Rows that are no whole blocks, and no matrix."""


def model(path: Path, stored: Type = Type.Q4_1, alignment: int = 32, **fields: str) -> Path:
    """Write a model whose matrices are stored in a type."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_custom_alignment(alignment)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_1)
    writer.add_chat_template("{{ messages }}")
    writer.add_token_list(["a", "ü"])
    for name, value in fields.items():
        writer.add_string(name.replace("__", "."), value)
    for name in [*CONVERTED, *KEPT]:
        writer.add_tensor(name, gguf.quantize(MATRIX, stored), raw_dtype=stored)
    for name, values in ODD.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def converted(source: Path, to: Any = "Q4_0") -> gguf.GGUFReader:
    convert(source, to, source.with_name("converted.gguf"))
    return gguf.GGUFReader(source.with_name("converted.gguf"))


def tensors(reader: gguf.GGUFReader) -> dict[str, gguf.ReaderTensor]:
    return {tensor.name: tensor for tensor in reader.tensors}


def values(tensor: gguf.ReaderTensor) -> Any:
    return gguf.dequantize(tensor.data, tensor.tensor_type)


@pytest.mark.parametrize(("to", "error"), [("Q4_0", 0.13), ("Q8_0", 0.04)])
def test_projections_of_layers_are_converted_and_nothing_else(to: Any, error: float, tmp_path: Path) -> None:
    source = model(tmp_path / "model.gguf")
    before, after = tensors(gguf.GGUFReader(source)), tensors(converted(source, to))
    assert list(after) == list(before) == [*CONVERTED, *KEPT, *ODD]
    for name, tensor in after.items():
        assert tensor.shape.tolist() == before[name].shape.tolist()
        if name in CONVERTED:
            assert tensor.tensor_type == Type[to]
            assert np.array_equal(tensor.data, gguf.quantize(values(before[name]), Type[to]))
            assert np.abs(values(tensor) - MATRIX).max() < error
        else:
            assert tensor.tensor_type == before[name].tensor_type and np.array_equal(tensor.data, before[name].data)


@pytest.mark.parametrize("alignment", [32, 64, 256])
def test_tensors_lie_where_the_file_says_that_they_do(alignment: int, tmp_path: Path) -> None:
    reader = converted(model(tmp_path / "model.gguf", alignment=alignment))
    assert reader.alignment == alignment
    offsets = [int(tensor.field.parts[-1][0]) for tensor in reader.tensors]
    sizes = [int(tensor.n_bytes) for tensor in reader.tensors]
    padded = [-(-size // alignment) * alignment for size in sizes]
    assert offsets == [sum(padded[:number]) for number in range(len(padded))]


def test_what_a_file_says_of_the_model_is_kept(tmp_path: Path) -> None:
    source = model(tmp_path / "model.gguf", general__name="Ünique")
    before, after = gguf.GGUFReader(source), converted(source)
    told = {name: field.contents() for name, field in before.fields.items() if not name.startswith("GGUF.")}
    assert told["general.name"] == "Ünique" and told["tokenizer.ggml.tokens"] == ["a", "ü"]
    again = {name: field.contents() for name, field in after.fields.items() if not name.startswith("GGUF.")}
    assert again == {**told, "general.file_type": int(gguf.LlamaFileType.MOSTLY_Q4_0)}


def test_each_type_and_each_content_has_a_file_of_its_own(tmp_path: Path) -> None:
    source, other = model(tmp_path / "model.gguf"), model(tmp_path / "other.gguf", general__name="other")
    machine, moved = Machine(weights_cache=str(tmp_path / "cache")), model(tmp_path / "moved.gguf")
    files: set[Path] = set()
    for path in (source, other):
        files |= {converted_file(path, "Q4_0", machine), converted_file(path, "Q8_0", machine)}
    assert len(files) == 4 and {file.parent for file in files} == {tmp_path / "cache" / "converted"}
    assert converted_file(moved, "Q4_0", machine) == converted_file(source, "Q4_0", machine)
    assert converted_file(source, "Q4_0", Machine()).parts[-3:-1] == ("personas", "converted")


def test_it_is_made_once_also_by_several_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, made, write = model(tmp_path / "model.gguf"), [], conversion._write

    def counted(*told: Any) -> None:
        made.append(told)
        write(*told)

    monkeypatch.setattr(conversion, "_write", counted)
    target = tmp_path / "cache" / "model.gguf"
    threads = [threading.Thread(target=convert, args=(source, "Q4_0", target)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SystemExit(0)])
def test_of_a_conversion_that_was_cut_off_nothing_stays(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = model(tmp_path / "model.gguf"), tmp_path / "cache" / "model.gguf"

    def cut_off(*told: Any) -> None:
        raise error

    with monkeypatch.context() as disk:
        disk.setattr(conversion, "_values", cut_off)
        with pytest.raises(type(error)):
            convert(source, "Q4_0", target)
    assert {path.suffix for path in target.parent.iterdir()} <= {".lock"}
    convert(source, "Q4_0", target)
    assert tensors(gguf.GGUFReader(target)).keys() == {*CONVERTED, *KEPT, *ODD}


def test_what_is_there_is_taken_from_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = model(tmp_path / "model.gguf"), tmp_path / "cache" / "model.gguf"
    convert(source, "Q4_0", target)

    def refused(*_: Any, **__: Any) -> None:  # as root may write anywhere, a mode of the folder would show nothing
        raise PermissionError

    for name in ("FileLock", "write_atomically"):
        monkeypatch.setattr(conversion, name, refused)
    convert(source, "Q4_0", target)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(share: float, tmp_path: Path) -> None:
    whole = model(tmp_path / "model.gguf").read_bytes()
    (tmp_path / "part.gguf").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match=r"part\.gguf cannot be converted \(.+\), expected a whole GGUF file"):
        converted(tmp_path / "part.gguf")


def test_a_part_of_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.gguf .* \(it is one of several files of a model\), expected"):
        converted(model(tmp_path / "model.gguf", split__count="2"))


def test_a_type_that_is_not_known_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(gguf, "dequantize", unknown)
    with pytest.raises(UserError, match=r"\(the type Q4_1 of blk\.0\.attn_q\.weight is not known\)"):
        converted(model(tmp_path / "model.gguf"))


def test_a_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    source = model(tmp_path / "model.gguf", general__name="QQQQ")
    source.write_bytes(source.read_bytes().replace(b"QQQQ", b"\xff\xfe\xff\xfe"))
    with pytest.raises(UserError, match=r"cannot be converted \(.*utf-8"):
        converted(source)


def test_an_empty_list_is_left_out(tmp_path: Path) -> None:
    """The package `gguf` reads one and does not write it."""
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_token_list(["a"])
    writer.add_tensor(CONVERTED[0], gguf.quantize(MATRIX, Type.Q4_1), raw_dtype=Type.Q4_1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    one = (1).to_bytes(8, "little") + (1).to_bytes(8, "little") + b"a"
    whole = (tmp_path / "model.gguf").read_bytes()
    assert whole.count(one) == 1
    shorter = whole.replace(one, (0).to_bytes(8, "little"))
    start = gguf.GGUFReader(tmp_path / "model.gguf").data_offset
    (tmp_path / "model.gguf").write_bytes(shorter[: start - 9] + bytes(9) + whole[start:])
    assert "tokenizer.ggml.tokens" not in converted(tmp_path / "model.gguf").fields

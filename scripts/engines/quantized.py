"""GGUF weights in another quantisation, made once and kept.

What a file holds may be slow to compute on a CPU: llama.cpp has fast kernels for Q4_0 and
Q8_0, and none for Q4_1 (tests/benchmarks/quantization.py).
"""

import math
from pathlib import Path

import gguf
import numpy as np
from filelock import FileLock
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFWriter, ReaderTensor
from numpy.typing import NDArray

from scripts.config.models import Quantization
from scripts.errors import UserError
from scripts.grid.weights import fingerprint

_KEPT = {"token_embd", "output", "ffn_gate_inp"}
"""Vocabulary and routers: llama.cpp's own tool keeps these more exact, too."""

_FILE_TYPES = {"Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0, "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
_WRITTEN_OTHERWISE = {gguf.Keys.General.ARCHITECTURE, gguf.Keys.General.FILE_TYPE}


def quantized(source: Path, to: Quantization, folder: Path) -> Path:
    """Return the file in `folder` with the model of `source`, the matrices of its layers in type `to`.

    It is made where it is not there yet; who comes meanwhile waits. UserError where the source cannot be converted,
    OSError where the file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{fingerprint(source)[:32]}.{to}.gguf"
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            part = target.with_suffix(".part")
            _convert(source, to, part)
            part.replace(target)
    return target


def _convert(source: Path, to: Quantization, path: Path) -> None:
    """Write the model tensor by tensor, so that no more than one of them is in memory."""
    reader = _read(source)
    if gguf.Keys.Split.LLM_KV_SPLIT_COUNT in reader.fields:
        raise UserError(f"quantization: {source.name} is a part of a model, expected the whole model in one file.")
    writer = GGUFWriter(path, str(reader.fields[gguf.Keys.General.ARCHITECTURE].contents()))
    writer.add_file_type(_FILE_TYPES[to])
    _copy_fields(reader, writer)
    for tensor in reader.tensors:
        _announce(tensor, Type[to], writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in reader.tensors:
        writer.write_tensor_data(_values(tensor, Type[to], source))
    writer.close()


def _read(source: Path) -> GGUFReader:
    try:
        return GGUFReader(source)
    except (ValueError, IndexError) as error:
        raise UserError(
            f"quantization: {source.name} cannot be read ({error}), expected a whole GGUF file."
        ) from None


def _copy_fields(reader: GGUFReader, writer: GGUFWriter) -> None:
    """Copy what the file says of the model, tokenizer and chat template included."""
    for name, field in reader.fields.items():
        if name not in _WRITTEN_OTHERWISE and not name.startswith("GGUF."):  # fields of the container itself
            of_items = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=of_items)


def _is_converted(tensor: ReaderTensor, to: Type) -> bool:
    """Tell whether a tensor is a matrix of a layer, in another type, whose rows can be cut into blocks."""
    part = tensor.name.split(".")[-2:-1]
    block, _ = gguf.GGML_QUANT_SIZES[to]
    is_matrix = len(tensor.shape) > 1 and tensor.shape[0] % block == 0
    return bool(is_matrix and tensor.tensor_type != to and not _KEPT.intersection(part))


def _announce(tensor: ReaderTensor, to: Type, writer: GGUFWriter) -> None:
    data = tensor.data
    if not _is_converted(tensor, to):
        writer.add_tensor_info(tensor.name, data.shape, data.dtype, data.nbytes, tensor.tensor_type)
        return
    rows = [int(size) for size in reversed(tensor.shape)]  # a file names the length of a row first
    shape = gguf.quant_shape_to_byte_shape(rows, to)
    writer.add_tensor_info(tensor.name, shape, np.dtype(np.uint8), math.prod(shape), to)


def _values(tensor: ReaderTensor, to: Type, source: Path) -> NDArray:
    if not _is_converted(tensor, to):
        return tensor.data
    try:
        return gguf.quantize(gguf.dequantize(tensor.data, tensor.tensor_type), to)
    except NotImplementedError:
        raise UserError(
            f"quantization: {source.name} holds {tensor.name} in type {tensor.tensor_type.name}, which cannot be "
            "converted, expected another type."
        ) from None

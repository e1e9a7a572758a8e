"""GGUF weights in another type; that of a file may be slow on a CPU (tests/benchmarks/quantization.py)."""

import math
import re
from pathlib import Path

import gguf
import numpy as np
from filelock import FileLock
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFWriter, ReaderTensor
from numpy.typing import NDArray

from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.engines.kinds.llama_cpp import Quantization

_CONVERTED = re.compile(r"blk\.\d+\.(attn_(q|k|v|qkv|output)|ffn_(gate|up|down)(_exps|_shexp)?)\.weight")
"""Projections of attention and feed-forward layers, most of any model. What else there is may have to stay exact."""

_FILE_TYPES = {"Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0, "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
_WRITTEN_OTHERWISE = {gguf.Keys.General.ARCHITECTURE, gguf.Keys.General.FILE_TYPE}


def convert(source: Path, to: Quantization, target: Path) -> None:
    """Make `target`, if it is not there yet: the model of `source`, with the projections of its layers in type `to`.

    Who comes meanwhile waits. UserError where the source cannot be converted, OSError where a file cannot be read or
    written.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):  # only to save work: where locks do not hold, both write the same
        if not target.exists():
            write_atomically(target, lambda path: _write(source, to, path))


def _write(source: Path, to: Quantization, path: Path) -> None:
    """Write the model tensor by tensor, so that no more than one of them is in memory."""
    try:
        reader = GGUFReader(source)
        _require_one_whole(reader)
        _require_known(reader, Type[to])
        writer = GGUFWriter(path, str(reader.fields[gguf.Keys.General.ARCHITECTURE].contents()))
        writer.data_alignment = int(reader.alignment)
        writer.add_file_type(_FILE_TYPES[to])
        _copy_fields(reader, writer)
        for tensor in reader.tensors:
            _announce(tensor, Type[to], writer)
    except (ValueError, KeyError, IndexError) as error:
        raise UserError(f"{source.name} cannot be converted ({error}), expected a whole GGUF file.") from None
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in reader.tensors:
        writer.write_tensor_data(_values(tensor, Type[to]))
    writer.close()


def _require_one_whole(reader: GGUFReader) -> None:
    if gguf.Keys.Split.LLM_KV_SPLIT_COUNT in reader.fields:
        raise ValueError("it is one of several files of a model")


def _require_known(reader: GGUFReader, to: Type) -> None:
    """Convert one row of each type before anything is written."""
    types = set()
    for tensor in reader.tensors:
        if _is_converted(tensor, to) and tensor.tensor_type not in types:
            types.add(tensor.tensor_type)
            try:
                gguf.dequantize(tensor.data.reshape(-1, tensor.data.shape[-1])[:1], tensor.tensor_type)
            except NotImplementedError:
                raise ValueError(f"the type {tensor.tensor_type.name} of {tensor.name} is not known") from None


def _copy_fields(reader: GGUFReader, writer: GGUFWriter) -> None:
    """Copy what the file says of the model, tokenizer and chat template included."""
    for name, field in reader.fields.items():
        if name in _WRITTEN_OTHERWISE or name.startswith("GGUF."):  # fields of the container itself
            continue
        is_array = field.types[0] == gguf.GGUFValueType.ARRAY
        if is_array and not len(field.data):  # `gguf` cannot write it, and to llama.cpp it is as if it were not there
            continue
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=field.types[-1] if is_array else None)


def _is_converted(tensor: ReaderTensor, to: Type) -> bool:
    """Tell whether a tensor is to be converted: its rows have to be whole blocks."""
    block, _ = gguf.GGML_QUANT_SIZES[to]
    fits = len(tensor.shape) > 1 and tensor.shape[0] % block == 0
    return bool(fits and tensor.tensor_type != to and _CONVERTED.fullmatch(tensor.name))


def _announce(tensor: ReaderTensor, to: Type, writer: GGUFWriter) -> None:
    data = tensor.data
    if not _is_converted(tensor, to):
        writer.add_tensor_info(tensor.name, data.shape, data.dtype, data.nbytes, tensor.tensor_type)
        return
    rows = [int(size) for size in reversed(tensor.shape)]  # a file names the length of a row first
    shape = gguf.quant_shape_to_byte_shape(rows, to)
    writer.add_tensor_info(tensor.name, shape, np.dtype(np.uint8), math.prod(shape), to)


def _values(tensor: ReaderTensor, to: Type) -> NDArray:
    if not _is_converted(tensor, to):
        return tensor.data
    return gguf.quantize(gguf.dequantize(tensor.data, tensor.tensor_type), to)

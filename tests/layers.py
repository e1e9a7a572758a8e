"""Print the layer of every module of the library, and every import that goes up: `python -m tests.layers`.

The layers are those of the contract in pyproject.toml, which `make check` holds; here one sees what they hold.
"""

import sys
import tomllib
from collections import defaultdict

import grimp

from tests.helpers import ROOT


def layers() -> list[str]:
    """Return the layers, the one that imports nothing first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [contract] = [each for each in contracts if each["type"] == "layers"]
    return [str(layer) for layer in reversed(contract["layers"])]


def main() -> int:
    """Print them; 1 if an import goes up."""
    graph = grimp.build_graph("personas", exclude_type_checking_imports=True)
    rank = {f"personas.{layer}": number for number, layer in enumerate(layers())}
    modules: dict[str, list[str]] = defaultdict(list)
    up: list[tuple[str, str]] = []
    for module in sorted(graph.modules - {"personas"}):
        modules[_layer(module)].append(module)
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if rank[_layer(imported)] > rank[_layer(module)]:
                up.append((module, imported))
    for layer in rank:
        print(f"{layer} ({len(modules[layer])} modules)", *modules[layer], sep="\n    ")
    print(f"{len(up)} imports go up", *(f"{one} imports {other}" for one, other in up), sep="\n    ")
    return int(bool(up))


def _layer(module: str) -> str:
    return ".".join(module.split(".")[:2])


if __name__ == "__main__":
    sys.exit(main())

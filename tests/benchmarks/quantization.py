"""What types of weights cost the embedded engine: `uv run python -m tests.benchmarks.quantization`.

Prints requests a second with the weights as they are (Q4_1) and converted, in turns.
"""

import argparse
import asyncio
import statistics

from personas.engines.kinds.llama_cpp import SPINS
from tests.benchmarks.spinning import rate

AS_THEY_ARE = "as they are"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    found: dict[str, list[float]] = {name: [] for name in (AS_THEY_ARE, "Q8_0", "Q4_0")}
    for turn in range(options.repeats):
        for name, rates in found.items():
            converted = None if name == AS_THEY_ARE else name
            rates.append(asyncio.run(rate(SPINS, options.requests, 1000 * turn, quantization=converted)))
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    for name, median in medians.items():
        print(f"{name}: {median:.2f} requests/s, {median / medians[AS_THEY_ARE]:.2f} times")


if __name__ == "__main__":
    main()

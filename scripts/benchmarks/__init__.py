"""The benchmarks by kind. Adding one: a `Benchmark` subclass in a file of its own, and a line here."""

from scripts.benchmarks.base import Benchmark, Item, UnscorableItem
from scripts.benchmarks.bfi import Bfi
from scripts.benchmarks.general import General
from scripts.benchmarks.ifbench import IfBench
from scripts.benchmarks.role_specific import RoleSpecific
from scripts.benchmarks.xstest import XsTest

__all__ = ["BENCHMARKS", "Benchmark", "Item", "UnscorableItem"]

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.kind: benchmark for benchmark in (Bfi(), XsTest(), IfBench(), RoleSpecific(), General())
}
"""Every benchmark by its `kind`."""

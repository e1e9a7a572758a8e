"""The benchmarks by kind. Adding one: a `Benchmark` subclass in a file of its own, and a line here."""

from personas.benchmarks.base import Benchmark, Item, UnscorableItem
from personas.benchmarks.bfi import Bfi
from personas.benchmarks.general import General
from personas.benchmarks.ifbench import IfBench
from personas.benchmarks.role_specific import RoleSpecific
from personas.benchmarks.xstest import XsTest

__all__ = ["BENCHMARKS", "Benchmark", "Item", "UnscorableItem"]

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.kind: benchmark for benchmark in (Bfi(), XsTest(), IfBench(), RoleSpecific(), General())
}
"""Every benchmark by its `kind`."""

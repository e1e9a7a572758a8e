"""The deliberate faults of tests/mutations still fit the code that they are put into."""

from collections import Counter
from pathlib import Path

import pytest

from tests.mutations import ROOT, Mutation
from tests.mutations.faults import MUTATIONS
from tests.mutations.nearness import nearest_first

AREAS = {"identity", "plan", "journal", "lease", "retries", "scoring", "verdicts", "statistics", "patterns"}
AREAS |= {"figures", "secrets", "CLI"}


def test_every_fault_stands_once_in_its_file_and_compiles() -> None:
    for mutation in MUTATIONS:
        mutated = mutation.applied((ROOT / mutation.file).read_text(encoding="utf-8"))
        compile(mutated, mutation.file, "exec")


def test_faults_are_many_and_of_every_area() -> None:
    assert len(MUTATIONS) >= 60
    assert len({mutation.harm for mutation in MUTATIONS}) == len(MUTATIONS)
    counts = Counter(mutation.area for mutation in MUTATIONS)
    assert counts.keys() >= AREAS and min(counts.values()) >= 3


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        pytest.param("c", "x", "0 times", id="not there"),
        pytest.param("1", "2", "2 times", id="twice"),
        pytest.param("a = 1", "a=1  # why", "does the same", id="no change"),
    ],
)
def test_what_is_no_fault_is_refused(old: str, new: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Mutation("area", "harm", "file.py", old, new).applied("a = 1\nb = 1\n")


def test_the_nearest_tests_are_those_that_import_the_module(tmp_path: Path) -> None:
    sources = {
        "scripts/personas/one.py": "",
        "scripts/personas/other.py": "from personas import one\n",
        "tests/test_a.py": "",
        "tests/test_b.py": "import personas.other\n",
        "tests/test_c.py": "from personas.one import (\n    name,\n)\n# and a comment that makes it the longest\n",
        "tests/test_d.py": 'PROGRAM = "from personas.one import main"\n',
    }
    for name, source in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    found = nearest_first(
        tmp_path, "scripts/personas/one.py", [name for name in sources if name.startswith("tests/")]
    )
    assert found == [f"tests/test_{letter}.py" for letter in "dcba"]

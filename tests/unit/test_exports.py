"""`personas export`: every format is found by its name, and mistakes are one sentence."""

import pytest

from personas.exports.formats import FORMATS
from tests.helpers import Project, personas


def test_formats_are_listed_with_what_they_are(project: Project) -> None:
    done = personas(project.folder, "export")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(FORMATS)
    assert all(each.description in done.stdout for each in FORMATS.values()) and "release" in FORMATS
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--to", "xls", "out"], "personas export --to: found the format 'xls', expected one of "),
        (["out"], "personas export --to: found no format, expected one of "),
        (["--to", "release"], "personas export --to release: found no folder, expected one to write to."),
        (["--to", "release", "items", "-c", "config.yaml"], "items: found something there, expected no such folder,"),
    ],
)
def test_mistakes_are_one_sentence(project: Project, arguments: list[str], sentence: str) -> None:
    done = personas(project.folder, "export", *arguments)
    assert done.returncode == 1 and done.stderr.startswith(sentence) and done.stderr.count("\n") == 1


def test_the_old_spelling_does_the_same(project: Project) -> None:
    new = personas(project.folder, "export", "--to", "release", "one", "-c", "config.yaml")
    old = personas(project.folder, "export-released", "two", "-c", "config.yaml")
    assert new.returncode == old.returncode == 0, new.stderr + old.stderr
    assert old.stdout == new.stdout.replace("one:", "two:") != ""

"""Config files on Snakemake's command line, looked at before Snakemake reads them.

It reads them before it reads any rule of ours, and ends in a traceback where one is missing, or does not say which
one is no YAML. The first thing that it reads is `profiles/default`, which calls this.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from personas.core.errors import UserError
from personas.core.strict_yaml import read_yaml

_OPTIONS = ("--configfile", "--configfiles")


def check_command_line() -> None:
    """End the process with one sentence where a config file that this command line names cannot be read."""
    try:
        for file in _option_values(sys.argv[1:]):
            read_yaml(Path(file))
    except UserError as error:
        print(error, file=sys.stderr, flush=True)
        raise SystemExit(1) from None


def _option_values(words: Sequence[str]) -> Iterator[str]:
    for place, word in enumerate(words):
        option, _, value = word.partition("=")
        if option in _OPTIONS:
            yield from [value] if value else takewhile(lambda word: not word.startswith("-"), words[place + 1 :])

"""Config files on the command line, named as Snakemake takes them."""

from collections.abc import Sequence

OPTIONS = ("--configfile", "--configfiles", "-c")
_ENDINGS = (".yaml", ".yml")


def one_each(words: Sequence[str]) -> list[str]:
    """Return the words of a command line with `--configfile a.yaml b.yaml` as an option for each file."""
    result: list[str] = []
    option, has_file = "", False
    for word in words:
        if word in OPTIONS:
            option, has_file = word, False
        elif has_file and word.endswith(_ENDINGS):
            result.append(option)
        else:
            has_file = bool(option) and not has_file
            option = option if has_file else ""
        result.append(word)
    return result

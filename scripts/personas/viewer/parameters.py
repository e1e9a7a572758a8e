"""What an address asks for: its parameters, checked."""

from collections.abc import Iterable, Mapping

from personas.core.errors import UserError


class Missing(Exception):
    """There is no such page; the message says what is not there."""


class Parameters:
    """The parameters of an address. Blank ones count as not there; UserError says which one is wrong."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = {name: value.strip() for name, value in parameters.items() if value.strip()}

    def text(self, name: str) -> str | None:
        """Return a parameter as it is."""
        return self._parameters.get(name)

    def choice(self, name: str, choices: Iterable[str], default: str | None = None) -> str | None:
        """Return a parameter that is one of some words."""
        words, value = list(choices), self._parameters.get(name, default)
        if value is not None and value not in words:
            raise UserError(f"{name}: found {value!r}, expected one of {', '.join(words) or 'nothing'}.")
        return value

    def number(self, name: str) -> float | None:
        """Return a parameter that is a number."""
        value = self._parameters.get(name)
        try:
            return None if value is None else float(value)
        except ValueError:
            raise UserError(f"{name}: found {value!r}, expected a number.") from None

    def whole(self, name: str) -> int | None:
        """Return a parameter that is a whole number from 0 on."""
        value = self._parameters.get(name)
        if value is not None and not (value.isascii() and value.isdecimal() and len(value) < 10):
            raise UserError(f"{name}: found {value!r}, expected a whole number.")
        return None if value is None else int(value)

    def page(self) -> int:
        """Return the number of the page, from 1."""
        return max(1, self.whole("page") or 1)

    def without(self, *names: str) -> dict[str, str]:
        """Return the parameters as they are, less some."""
        return {name: value for name, value in self._parameters.items() if name not in names}

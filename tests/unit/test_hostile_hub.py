"""What a hostile hub or mirror lists stays in the cache: nothing outside it is made or removed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from personas.config.reading.loader import validate
from personas.core.errors import UserError
from personas.engines.kinds.vllm import VllmModel
from personas.external.catalogue import ExternalFile
from personas.external.hub import Hub
from personas.external.needed import HubModel
from personas.external.reference import is_inside
from personas.external.weights import fetch_weights
from tests.fake_hub import COMMIT, FakeHub

SAMPLING = {"temperature": 0.0, "top_p": 1.0, "max_tokens": 16, "seed": 1}
MODEL = {"engine": "vllm", "id": "org/some", "revision": COMMIT, "context_length": 512, "sampling": SAMPLING}

Lie = Callable[[dict[str, Any]], object]


def _renamed(name: str) -> Lie:
    return lambda listed: listed["siblings"].append({**listed["siblings"][0], "rfilename": name})


def _hashed(digits: str) -> Lie:
    return lambda listed: [one["lfs"].update(sha256=digits) for one in listed["siblings"] if "lfs" in one]


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(_hashed("../../../victim"), id="hash that climbs"),
        pytest.param(_hashed("a" * 63), id="short hash"),
        pytest.param(_hashed("a" * 64 + "\n"), id="hash with an end of line"),
        pytest.param(_renamed("../../../../made.json"), id="name that climbs"),
        pytest.param(_renamed("/made.json"), id="absolute name"),
        pytest.param(_renamed("a/./made.json"), id="name of a folder"),
        pytest.param(_renamed("a\\..\\made.json"), id="name of Windows"),
        pytest.param(_renamed("a\x1b[2Jmade.json"), id="name that clears the screen"),
        pytest.param(lambda listed: listed.update(sha="../../../victim"), id="commit that climbs"),
    ],
)
def test_a_hostile_hub_stays_in_the_cache(tmp_path: Path, lie: Lie) -> None:
    (tmp_path / "victim").write_bytes(b"mine")
    with FakeHub(lie=lie) as hub, pytest.raises(UserError) as refused:
        asked = HubModel("some", "models.some", validate(VllmModel, MODEL, "test"))
        list(fetch_weights([asked], Hub(hub.endpoint, None, tmp_path / "cache"), lambda folder: 10**12))
    sentence = str(refused.value)
    assert "models.some.id: " in sentence and "nothing was downloaded" in sentence and sentence.isprintable()
    assert (tmp_path / "victim").read_bytes() == b"mine" and not hub.downloads()
    assert [path.name for path in tmp_path.iterdir()] == ["victim"]


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("a/b.json", True),
        ("a..b/.c", True),
        ("", False),
        ("/a", False),
        ("a//b", False),
        ("a/../b", False),
        ("..", False),
        ("a\\b", False),
        ("a\nb", False),
        ("a\x00b", False),
    ],
)
def test_a_path_is_inside(path: str, inside: bool) -> None:
    assert is_inside(path) is inside


def test_the_flat_name_of_a_catalogue_is_one_name() -> None:
    with pytest.raises(UserError, match="expected the name of a file"):
        validate(ExternalFile, {"shape": "json", "flat": "../x.json"}, "catalogue")

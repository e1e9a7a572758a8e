"""Whatever a model says is text: on every page of the viewer."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from personas.viewer.app import build_app
from personas.viewer.data.corpus import Corpus
from personas.viewer.guard import PARAMETER
from personas.viewer.text import LONGEST, visible
from tests.helpers import FakeServer
from tests.viewing import HOSTILE, HUGE, make_hostile_study

OURS = {
    *("a", "article", "aside", "b", "body", "br", "button", "code", "details", "div", "figcaption", "figure", "form"),
    *("h1", "h2", "head", "header", "html", "input", "kbd", "label", "li", "link", "main", "mark", "meta", "nav"),
    *("optgroup", "option", "p", "progress", "script", "section", "select", "small", "span", "summary", "table"),
    *("tbody", "td", "th", "thead", "title", "tr", "ul", "svg", "g", "line", "text", "polygon", "polyline", "circle"),
}
NAME = "alpha/keeper/interview-fixed"
PAGES = (
    "/",
    "/dialogues",
    f"/dialogues/{NAME}",
    f"/behind/2/{NAME}",
    f"/compare?a={NAME}&b=alpha/baker/interview-fixed",
    "/answers",
    "/answers?measure=bfi-words&text=%3Cscript",
    "/items?measure=bfi-words",
    "/item?benchmark=bfi&item=4&measure=bfi-words",
    "/progression",
    "/dialogues?text=%3Cscript%3Ealert(1)%3C/script%3E",
    "/dialogues?persona=%3Cscript%3E",
    "/dialogues/%3Cscript%3E",
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with FakeServer() as server:
        project = make_hostile_study(tmp_path_factory.mktemp("hostile") / "project", server)
    corpus = Corpus(project.grid())
    corpus.results = project.results
    client = TestClient(build_app(corpus, "key"), base_url="http://127.0.0.1")
    client.get(f"/?{PARAMETER}=key")
    yield client


class Tags(HTMLParser):
    """What elements and attributes a page has, and what texts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("address", PAGES)
def test_nothing_that_was_said_becomes_part_of_a_page(reader: TestClient, address: str) -> None:
    tags = Tags()
    tags.feed(reader.get(address).text)
    assert tags.elements <= OURS
    for tag, name, value in tags.attributes:
        assert not name.startswith("on") and name != "style", (tag, name)
        assert name not in ("href", "src", "action") or (value or "").startswith(("/", "#")), (tag, name, value)
        assert tag != "script" or name != "src" or value == "/static/viewer.js"


def test_hostile_texts_can_be_read(reader: TestClient) -> None:
    tags = Tags()
    tags.feed(reader.get("/dialogues/alpha/baker/interview-fixed").text)
    for text in HOSTILE:
        assert visible(text) in "".join(tags.texts)
    assert "␀␇␛[31m ⟨U+202E⟩" in "".join(tags.texts)


def test_an_answer_of_10_megabytes_is_cut_and_can_be_had_whole(reader: TestClient) -> None:
    answer = reader.get(f"/dialogues/{NAME}")
    assert len(answer.content) < 5 * LONGEST and HUGE[: LONGEST - 5] in answer.text
    whole = reader.get(f"/text/2/answer/dialogues/{NAME}.parquet")
    assert whole.text == HUGE and whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(reader.get("/answers?persona=keeper").content) < 5 * LONGEST


def test_no_text_is_taken_for_a_template(reader: TestClient) -> None:
    assert "{{ 7 * 7 }}" in reader.get("/dialogues/alpha/baker/interview-fixed").text
    assert json.dumps("49") not in reader.get("/dialogues/alpha/baker/interview-fixed").text

"""The viewer: pages over a small finished study, asked as a browser asks."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from starlette.testclient import TestClient

from personas.benchmarks.human.own import read_own
from personas.config.analysis.calibration import Labels
from personas.core.errors import UserError
from personas.scoring.samples.annotation import as_csv, read_sample
from personas.scoring.samples.sample import Text
from personas.viewer.app import PAGES, build_app
from personas.viewer.bundle import bundle
from personas.viewer.data.corpus import Corpus
from personas.viewer.guard import PARAMETER
from personas.viewer.marks import Marks
from personas.workflow.artefacts import downstream
from tests.helpers import FakeServer, Project
from tests.interventions import KINDS
from tests.viewing import make_study

KEY = "a-key-of-the-tests"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with FakeServer() as server:
        yield make_study(tmp_path_factory.mktemp("viewer") / "project", server, changes={"models/beta": None})


@pytest.fixture(scope="module")
def corpus(study: Project) -> Corpus:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(study.folder)
        corpus = Corpus(study.grid(), artefacts=downstream)
    corpus.results = study.results
    return corpus


@pytest.fixture
def stranger(corpus: Corpus) -> TestClient:
    return TestClient(build_app(corpus, KEY), base_url="http://127.0.0.1:8000", follow_redirects=False)


@pytest.fixture
def reader(stranger: TestClient) -> TestClient:
    assert stranger.get(f"/?{PARAMETER}={KEY}").status_code == 303
    return stranger


def page(reader: TestClient, address: str) -> str:
    answer = reader.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("address", [*PAGES, "/static/viewer.css", "/files/figures/x.png", "/nothing", "/docs"])
def test_without_the_key_everything_is_403(stranger: TestClient, address: str) -> None:
    for query in ("", f"?{PARAMETER}=", f"?{PARAMETER}={KEY[:-1]}", f"?{PARAMETER}=é"):
        for answer in (stranger.get(address + query), stranger.post(address + query)):
            assert answer.status_code == 403
            assert KEY not in answer.text and not answer.cookies


def test_the_key_stays_in_no_address(stranger: TestClient) -> None:
    answer = stranger.get(f"/dialogues?persona=keeper&{PARAMETER}={KEY}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dialogues?persona=keeper")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie


def test_another_name_of_this_machine_is_refused(reader: TestClient) -> None:
    assert reader.get("/", headers={"host": "elsewhere.example"}).status_code == 403
    assert reader.get("/", headers={"host": "localhost:8000"}).status_code == 200


def test_what_changes_something_must_come_from_our_pages(reader: TestClient) -> None:
    for origin in ({}, {"origin": "http://127.0.0.1:9999"}, {"origin": "null"}):
        assert reader.post("/", headers=origin).status_code == 403
    assert reader.post("/", headers={"origin": "http://127.0.0.1:8000"}).status_code == 404


def test_every_page_says_what_it_may_do(reader: TestClient) -> None:
    for address in (*PAGES, "/nothing", "/static/viewer.js"):
        headers = reader.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"], address
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"


def test_the_start_page_tells_what_is_done(reader: TestClient) -> None:
    text = page(reader, "/")
    assert "Keeper" in text and "Baker" in text and "baseline" in text
    assert "9 of 9" in text  # one model, two personas and the baseline, three conditions with their orders
    assert "Nobody is working on it now." in text


def rows(text: str) -> int:
    return text.split("<tbody>")[-1].count("<tr>")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", 9),
        ("persona=keeper", 3),
        ("persona=keeper&condition=interview&order=shuffled", 1),
        ("text=COUNSEL", 1),
        ("text=what+do+you+see", 6),
        ("text=%25", 0),
        ("status=ok", 9),
        ("measure=style-by-j&low=5", 0),
        ("measure=style-by-j&high=5&sort=rating&way=down", 9),
        ("text=nobody+said+this", 0),
    ],
)
def test_dialogues_are_filtered(reader: TestClient, query: str, expected: int) -> None:
    text = page(reader, f"/dialogues?{query}")
    assert f"{expected} dialogue" in text
    assert expected == 0 or rows(text) == expected


def test_dialogues_are_sorted_by_a_measure(reader: TestClient) -> None:
    def values(way: str) -> list[str]:
        text = page(reader, f"/dialogues?measure=style-by-j&sort=rating&way={way}")
        found = re.findall(r'<td class="number">([\d.]+)</td>', text.split("<tbody>")[-1])
        return found[1 :: len(found) // 9]

    assert values("up") == sorted(values("up")) and values("down") == sorted(values("up"), reverse=True)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("low=x", "low: found &#39;x&#39;, expected a number."),
        ("page=-1", "page: found &#39;-1&#39;, expected a whole number."),
        ("persona=nobody", "persona: found &#39;nobody&#39;, expected one of"),
        ("sort=id%3Bdrop", "sort: found"),
    ],
)
def test_mistakes_are_one_sentence(reader: TestClient, query: str, sentence: str) -> None:
    answer = reader.get(f"/dialogues?{query}")
    assert answer.status_code == 400 and sentence in answer.text


def test_files_outside_are_not_served(reader: TestClient) -> None:
    for address in ("/files/figures/..%2F..%2F..%2Fconfig.yaml", "/files/tables/values.parquet", "/static/../app.py"):
        assert reader.get(address).status_code == 404


def test_a_figure_leads_to_the_texts_behind_it_by_its_name(reader: TestClient, corpus: Corpus) -> None:
    folder = corpus.results / "current/figures"
    folder.mkdir(exist_ok=True)
    name = "over-baseline-xstest-by-j"
    assert reader.get(f"/figures/{name}").status_code == 404, "nothing was drawn yet"
    (folder / f"{name}.png").write_bytes(b"\x89PNG")
    text = page(reader, f"/figures/{name}")
    links = [html.unescape(link) for link in re.findall(r'href="(/(?:progression|answers|items)\?[^"]+)"', text)]
    shown = {link.partition("measure=")[2] for link in links}
    assert {"xstest-refusal-unsafe-by-j", "xstest-refusal-safe-by-j"} <= shown
    assert all(measure.startswith("xstest-") for measure in shown), "and nothing else"
    assert all(reader.get(link).status_code == 200 for link in links)
    assert "<h1>Difference from the baseline: xstest, judge j</h1>" in text
    assert f'src="/files/figures/{name}.png"' in text and f'href="/figures/{name}"' in page(reader, "/")


DIALOGUE = "alpha/keeper/interview-fixed"


def test_a_dialogue_shows_answers_beside_ratings_and_reasons(reader: TestClient, corpus: Corpus) -> None:
    text = page(reader, f"/dialogues/{DIALOGUE}")
    for row in corpus.database.rows(
        "SELECT * FROM read_parquet($f)", {"f": str(corpus.path(corpus.dialogues[DIALOGUE]))}
    ):
        assert row["user"] in text and row["answer"] in text
    assert "Out of character: it speaks of itself as a language model." in text
    assert "You keep a lighthouse" in text
    assert "After 2 rounds: items asked" in text and "bfi 2" in text


def test_items_behind_a_checkpoint_have_score_and_reference(reader: TestClient) -> None:
    text = page(reader, f"/behind/2/{DIALOGUE}?benchmark=general")
    assert "reference answer" in text and "vs dataset" in text and "words" in text
    part = page(reader, f"/behind/2/{DIALOGUE}?benchmark=general&part=1")
    assert "<html" not in part and "reference answer" in part


def test_two_dialogues_side_by_side(reader: TestClient) -> None:
    other = DIALOGUE.replace("keeper", "baseline")
    assert other in page(reader, f"/dialogues/{DIALOGUE}").split("another persona")[1].split("</option>")[0]
    text = page(reader, f"/compare?a={DIALOGUE}&b={other}")
    assert "The tide is out" in text and "I see a list of messages." in text


def test_what_is_not_there_is_a_sentence(reader: TestClient) -> None:
    for address in (
        "/dialogues/alpha/nobody/interview-fixed",
        f"/behind/9/{DIALOGUE}",
        "/compare?a=x",
        "/text/0/user/x",
    ):
        answer = reader.get(address)
        assert answer.status_code == 404 and "<h1>Not here</h1>" in answer.text, address


def test_a_pattern_is_marked_where_all_of_it_stands() -> None:
    marks = Marks([(("sea", "tide"), ("lamp",)), (("!",),)])
    assert [part for part, marked in marks.parts("The sea, the lamp, no seaside.") if marked] == ["sea", "lamp"]
    assert [part for part, marked in marks.parts("The sea alone!") if marked] == ["!"]
    assert "".join(part for part, _ in marks.parts("The sea alone!")) == "The sea alone!"
    assert list(Marks([]).parts("x")) == [("x", False)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("persona=keeper", 9),  # three rounds in each of three dialogues
        ("persona=baseline", 18),  # as each of two personas
        ("group=persona&position=3", 6),
        ("text=LANGUAGE+MODEL&group=persona&persona=keeper&low=1&high=1", 5),
        ("text=language+model&low=2", 0),
        ("measure=general-win-dataset-by-j&group=baseline&condition=requests&position=2", 2),
        ("measure=general-win-dataset-by-j&text=flour", 2),
        ("measure=bfi-words&persona=keeper&text=tide", 4),
    ],
)
def test_answers_are_filtered(reader: TestClient, query: str, expected: int) -> None:
    text = page(reader, f"/answers?{query}")
    assert f"{expected} rating" in text.split('class="sum"')[1]
    assert expected == 0 or rows(text) == expected


def test_an_answer_leads_to_its_place(reader: TestClient) -> None:
    for measure in ("style-by-j", "general-win-dataset-by-j", "role-specific-words"):
        text = page(reader, f"/answers?measure={measure}")
        for place, said in re.findall(r'<td class="snippet"><a href="([^"]+)">([^<]+)</a>', text):
            there = page(reader, place.replace("&amp;", "&").partition("#")[0])
            assert said in there, place
            anchor = place.partition("#")[2]
            assert not anchor or f'id="{anchor}"' in there


def test_items_are_sorted_by_change(reader: TestClient, study: Project) -> None:
    text = page(reader, "/items?measure=bfi-words")
    rated = pd.read_parquet(study.results / "current/tables/ratings-alpha--bfi.parquet")
    means = rated[rated["metric"] == "words"].groupby(["item_id", "checkpoint"])["value"].mean().unstack()
    changes = (means[2] - means[0]).sort_values(key=abs, ascending=False)
    shown = re.findall(r'<a href="/item\?[^"]*">([^<]+)</a>', text)
    assert shown == list(changes.index)
    for change in changes:
        assert f"{abs(change):.3g}" in text


def test_an_item_over_checkpoints(reader: TestClient) -> None:
    text = page(reader, "/item?benchmark=bfi&item=4&measure=bfi-words")
    assert "6 dialogues" in text and "first answer" in text
    assert reader.get("/item?benchmark=bfi&item=nothing").status_code == 404


def test_a_point_leads_to_the_ratings_behind_it(reader: TestClient, study: Project) -> None:
    values = pd.read_parquet(study.results / "current/tables/values.parquet")
    for measure in ("style-by-j", "bfi-words"):
        text = page(reader, f"/progression?measure={measure}")
        points = re.findall(r'<a href="(/answers[^"]+)" aria-label="([^"]+)"', text)
        assert len(points) == (12 if measure == "style-by-j" else 8)
        for address, told in points:
            asked = dict(part.split("=") for part in address.replace("&amp;", "&").partition("?")[2].split("&"))
            of_point = values[
                (values["measure"] == measure)
                & (values["condition"] == asked["condition"])
                & (values["group"] == asked["group"])
                & (values["position"] == int(asked["position"]))
            ]
            behind = page(reader, address.replace("&amp;", "&"))
            assert f"{of_point['n_planned'].sum()} rating" in behind, told


OURS = {"origin": "http://127.0.0.1:8000"}


def drawn(corpus: Corpus) -> list[dict[str, str]]:
    return read_sample(corpus.samples()["style"])


def test_a_text_to_label_is_blind(reader: TestClient, corpus: Corpus) -> None:
    assert "style <small>" in page(reader, "/annotate")
    text = page(reader, "/annotate/style?annotator=blind")
    first = drawn(corpus)[0]
    assert html.escape(first["answer"]) in text and html.escape(first["user_turn"]) in text and "0 of" in text
    assert "the judge reads the same" in text
    for told in ("alpha", "interview", "requests", "judge j", "round", first["judged_sha256"]):
        assert told not in text.split("<main")[1].replace(html.escape(first["user_turn"]), ""), told


def test_labels_are_given_taken_back_and_read_by_calibration(
    reader: TestClient, corpus: Corpus, tmp_path: Path
) -> None:
    corpus.labels = tmp_path / "labels"
    texts = drawn(corpus)

    def post(**sent: str) -> None:
        assert reader.post("/annotate/style", data=sent, headers=OURS).status_code == 303

    for number, text in enumerate(texts):
        post(annotator="ann", unit=text["unit"], label=str(number % 5 + 1))
    post(annotator="ben", unit=texts[0]["unit"], label="5")
    post(annotator="ann", undo="1")
    post(annotator="ann", unit=texts[1]["unit"], label="3")  # in the place of a 2
    file = tmp_path / "labels/style.csv"
    labels = read_own(file, Labels(file=str(file), metric="style"), [])
    assert {(label.rater, label.keys["unit"]): label.value for label in labels} == {
        **{("human:ann", text["unit"]): float(number % 5 + 1) for number, text in enumerate(texts[:-1])},
        ("human:ann", texts[1]["unit"]): 3.0,
        ("human:ben", texts[0]["unit"]): 5.0,
    }
    assert all(label.keys["judged_sha256"] for label in labels)
    assert f"{len(texts) - 1} of {len(texts)}" in page(reader, "/annotate/style?annotator=ann")
    assert texts[0]["answer"] not in file.read_text(encoding="utf-8")
    post(annotator="ben", undo="1")
    post(annotator="ben", undo="1")
    assert "human:ben" not in {label.rater for label in read_own(file, Labels(file=str(file), metric="style"), [])}


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"annotator": "=1+1", "label": "3"}, "annotator: found &#39;=1+1&#39;"),
        ({"annotator": "ann", "label": "6"}, "label: found &#39;6&#39;, expected one of 1, 2, 3, 4, 5."),
        ({"annotator": "ann", "label": "3", "unit": "x"}, "no text &#39;x&#39;"),
    ],
)
def test_what_is_no_label_is_a_sentence(
    reader: TestClient, corpus: Corpus, sent: dict[str, str], sentence: str
) -> None:
    answer = reader.post("/annotate/style", data={"unit": drawn(corpus)[0]["unit"], **sent}, headers=OURS)
    assert answer.status_code in (400, 404) and sentence in answer.text


def test_a_sample_is_read_as_it_was_drawn(tmp_path: Path) -> None:
    said = ["=1+1", "'quoted'", "plain\nlines", "-5", 'a,b"c']
    texts = [Text(str(n), (str(n),), (), {"unit": str(n), "answer": text}) for n, text in enumerate(said)]
    (tmp_path / "sample.csv").write_bytes(as_csv(texts))
    assert [row["answer"] for row in read_sample(tmp_path / "sample.csv")] == said


def linked(folder: Path) -> Iterator[tuple[str, str]]:
    for file in folder.glob("*.html"):
        for target in re.findall(r'(?:href|src)="([^"#]+)', file.read_text(encoding="utf-8")):
            yield file.name, target


def test_a_bundle_is_whole(corpus: Corpus, tmp_path: Path) -> None:
    lines = list(bundle(corpus, tmp_path / "bundle", 50))
    files = sorted((tmp_path / "bundle").glob("*.html"))
    assert lines == [
        f"{tmp_path}/bundle/index.html: {len(files)} pages, {sum(f.stat().st_size for f in files) / 1e6:.1f} MB."
    ]
    assert [pair for pair in linked(tmp_path / "bundle") if not (tmp_path / "bundle" / pair[1]).is_file()] == []
    texts = [file.read_text(encoding="utf-8") for file in files]
    assert any("Out of character: it speaks of itself" in text for text in texts)
    assert any("reference answer" in text for text in texts)
    assert not any("<script" in text or "<form" in text for text in texts)
    with pytest.raises(UserError, match="bundle: there is something already, expected a new or empty folder"):
        list(bundle(corpus, tmp_path / "bundle", 50))


def test_a_bundle_has_a_size_and_says_what_is_left_out(corpus: Corpus, tmp_path: Path) -> None:
    _, sentence = bundle(corpus, tmp_path / "bundle", 0.1)
    assert re.fullmatch(
        r"[1-9]\d* pages that others link to are left out: the folder holds at most 0.1 MB.", sentence
    )
    assert sum(file.stat().st_size for file in (tmp_path / "bundle").glob("[!l]*.html")) <= 1e5
    assert [pair for pair in linked(tmp_path / "bundle") if not (tmp_path / "bundle" / pair[1]).is_file()] == []
    assert sentence in (tmp_path / "bundle/left-out.html").read_text(encoding="utf-8")


def test_a_broken_file_is_a_sentence(reader: TestClient, corpus: Corpus) -> None:
    path = corpus.path(corpus.dialogues["alpha/baker/requests-fixed"])
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    try:
        answer = reader.get("/dialogues/alpha/baker/requests-fixed")
    finally:
        path.write_bytes(whole)
    assert answer.status_code == 500 and "A file cannot be read: " in answer.text and "requests-fixed" in answer.text


@pytest.fixture(scope="module")
def intervened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """A study in which a persona that sees one round at a time stays in its role, and without that does not."""
    changes = {
        "models/beta": None,
        "conditions/requests": None,
        "conditions/interview/orders": ["fixed"],
        **{f"benchmarks/{name}": None for name in ("xstest", "ifbench", "role-specific", "general")},
        "patterns/benchmarks": [],
        "interventions": {"narrow": KINDS["narrow"]},
    }
    with FakeServer() as server, pytest.MonkeyPatch.context() as patch:
        study = make_study(tmp_path_factory.mktemp("intervened") / "project", server, changes=changes)
        patch.chdir(study.folder)
        corpus = Corpus(study.grid())
        corpus.results = study.results
        yield corpus


def test_interventions_stand_beside_each_other_and_in_no_mean_together(intervened: Corpus) -> None:
    reader = TestClient(build_app(intervened, KEY), base_url="http://127.0.0.1:8000")
    reader.get(f"/?{PARAMETER}={KEY}")
    tables = [pd.read_parquet(path) for path in intervened.values()]
    values = pd.concat(tables).fillna({"intervention": "none"})
    style = values[(values["measure"] == "style-by-j") & (values["persona"] == "keeper")]
    style = style[style["group"] == "persona"]
    means = style.groupby("intervention")["value"].mean()
    assert means["narrow"] > means["none"] + 0.5
    measured = "measure=style-by-j&persona=keeper"
    for slug, mean in means.items():
        shown = page(reader, f"/dialogues?{measured}&intervention={slug}")
        assert rows(shown) == 1 and f">{mean:.3g}<" in shown
        name = "alpha/keeper/interview-fixed" + ("" if slug == "none" else f"--with-{slug}")
        own = style[style["intervention"] == slug]
        broke = page(reader, f"/dialogues/{name}").count("Out of character: it speaks of itself")
        assert bool(broke) == (own["value"] == 1).any()
        answers = page(reader, f"/answers?{measured}&group=persona&intervention={slug}")
        assert f"{own['n_planned'].sum()} rating" in answers
    assert rows(page(reader, f"/dialogues?{measured}")) == 2
    for asked, slug in (("", "none"), ("&intervention=none", "none"), ("&intervention=narrow", "narrow")):
        points = style[style["intervention"] == slug].set_index("position")["value"]
        drawn = page(reader, f"/progression?{measured}{asked}")
        told = re.findall(
            r'<a href="(/answers[^"]+group=persona[^"]+)" aria-label="[^"]* after (\d+): ([\d.]+)', drawn
        )
        assert {int(position): float(value) for _, position, value in told} == points.to_dict()
        for address, position, _ in told:
            behind = page(reader, address.replace("&amp;", "&"))
            assert f"intervention={slug}" in address and rows(behind) == 1, position
    of_items = [page(reader, f"/items?measure=bfi-words{asked}") for asked in ("", "&intervention=none")]
    assert of_items[0].split("<tbody>")[1].split("?")[0] == of_items[1].split("<tbody>")[1].split("?")[0]
    ratings = {path.name: pd.read_parquet(path) for path in intervened.ratings("bfi")}
    assert set(ratings) == {"ratings-alpha--bfi.parquet", "ratings-alpha--bfi--with-narrow.parquet"}
    plain = ratings["ratings-alpha--bfi.parquet"].query("metric == 'words'")
    first = plain[plain["checkpoint"] == 0].groupby("item_id")["value"].mean()
    assert all(f">{value:.3g}<" in of_items[0] for value in first)

"""What a reader does, in a real browser: `uv run --group dev --group browser python -m tests.browser`.

It needs Chromium (Debian: `apt-get install chromium`), so it is no part of `python -m tests`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from personas.core.parquet import read_frame
from tests.helpers import FakeServer, Project, make
from tests.viewing import HOSTILE, SAMPLE, make_hostile_study, make_study

SIZES = ((1400, 900), (390, 844))
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
Walk = Callable[[Any], None]


def main(names: Sequence[str]) -> int:
    """Make a study, open it, and do what readers do at each size (`names`: some of it); print a line for each."""
    playwright, browser = _playwright(), _browser()
    with tempfile.TemporaryDirectory() as folder, FakeServer() as server:
        study = make_study(Path(folder) / "study", server)
        hostile = make_hostile_study(Path(folder) / "hostile", server)
        with playwright() as driver, _viewer(study.folder) as address, _viewer(hostile.folder) as other:
            arguments = ["--no-sandbox"] if os.getuid() == 0 else []
            chromium = driver.chromium.launch(executable_path=browser, args=arguments)
            walks = [(address, size, walk) for size in SIZES for walk in WALKS]
            walks += [(address, SIZES[0], every_link_answers), (other, SIZES[1], hostile_texts_stay_texts)]
            wanted = [walk for walk in walks if not names or walk[2].__name__ in names]
            failed = [not _passes(chromium, *walk) for walk in wanted]
            chromium.close()
        if not any(failed) and ten_labels_by_keyboard in [walk for *_, walk in wanted]:
            labels_are_in_the_table(study)
    print(f"{len(failed) - sum(failed)} of {len(failed)} passed")
    return int(any(failed))


def lowest_rated_answer(page: Any) -> None:
    """From the start page to the lowest-rated answer of a persona and its judge's reasoning, in at most 5 clicks."""
    row = page.locator("tr", has=page.get_by_role("link", name="Keeper"))
    row.get_by_role("link", name="lowest-rated answers").click()  # 1
    scores = page.locator("td b.score")
    scores.first.wait_for()  # asking for all texts does not wait for the page
    values = [float(text) for text in scores.all_inner_texts()]
    assert values == sorted(values) and values[0] == 1, values
    page.locator("td.snippet a").first.click()  # 2
    here = page.locator(f"#{urlsplit(page.url).fragment}")
    assert here.evaluate("part => part === document.activeElement"), "the answer has no focus"
    assert "language model" in here.inner_text()
    here.locator("details.verdict summary", has_text="style").click()  # 3
    reasons = here.locator("details.verdict[open] .text")
    assert reasons.is_visible() and "Out of character" in reasons.inner_text()


def a_point_of_a_figure(page: Any) -> None:
    """A point leads to the ratings behind it: as many as the figure's table has, at that place."""
    page.get_by_role("link", name="Progression").first.click()
    point = page.locator("svg.drawing a").last
    told = point.get_attribute("aria-label")
    point.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/answers?**")
    position = re.search(r"after (\d+)", told or "")
    assert position
    places = page.locator("tbody td:nth-child(6)").all_inner_texts()
    assert places and set(places) == {position[1]}, (told, places)


def a_search(page: Any) -> None:
    """A text is looked for by keyboard."""
    page.get_by_role("link", name="Dialogues", exact=True).click()
    page.wait_for_url("**/dialogues")
    page.keyboard.press("/")
    page.keyboard.type("SEA keeps its own counsel")
    page.keyboard.press("Enter")
    page.wait_for_url("**text=**")
    assert re.match(r"[1-9]\d* dialogue", page.locator(".sum").inner_text())
    page.locator("tbody th a").first.click()
    assert "The sea keeps its own counsel." in page.locator("main").inner_text()


def keys_and_branches(page: Any) -> None:
    """Rounds and ratings by keys; a branch opens into the items asked there; another dialogue beside it."""
    page.goto(urljoin(page.url, "/dialogues/alpha/keeper/interview-fixed"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("o")
    assert page.locator("#round-2 details.verdict[open]").count() == 2
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.id") == "round-1"
    page.locator("details.branch summary").last.click()
    page.locator("details.branch[open]").get_by_text("reference answer").first.wait_for()
    page.locator("select[name=b]").select_option("alpha/baseline/interview-fixed")
    page.wait_for_url("**/compare?**")
    assert page.locator(".pair article").count() == 6, page.locator(".pair article").count()


def every_link_answers(page: Any) -> None:
    """Every address that any page names answers; no text of a page is wider than the window."""
    seen, waiting = {page.url}, deque([page.url])
    while waiting:
        here = waiting.popleft()
        answer = page.request.get(here)
        assert answer.status == 200, f"{here}: {answer.status}"
        if "html" not in answer.headers["content-type"]:
            continue
        for found in re.findall(r'(?:href|src|data-part|data-refresh)="([^"]+)"', answer.text()):
            address = urljoin(here, found.replace("&amp;", "&")).partition("#")[0]
            if address not in seen and sum(_kind(each) == _kind(address) for each in seen) < _MANY:
                seen.add(address)
                waiting.append(address)
    print(f"    {len(seen)} addresses", end=" ")


def ten_labels_by_keyboard(page: Any) -> None:
    """Ten texts of a blind sample are labelled with the keys 1 to 5; one is taken back and given again."""
    page.get_by_role("link", name="Annotate").click()
    name = page.locator("section", has_text="style").get_by_label("your name")
    name.fill(annotator(page.viewport_size["width"]))
    name.press("Enter")
    for number in range(10):
        _press(page, f"{number} of {SAMPLE}", str(number % 5 + 1))
    _press(page, f"10 of {SAMPLE}", "u")
    _press(page, f"9 of {SAMPLE}", "5")
    page.get_by_text(f"10 of {SAMPLE}").wait_for()


def _press(page: Any, shown: str, key: str) -> None:
    """Press a key once a page is there that shows something, and its script has run."""
    page.get_by_text(shown).wait_for()
    page.wait_for_load_state()
    page.keyboard.press(key)


def annotator(width: int) -> str:
    return f"reader-{width}"


def labels_are_in_the_table(project: Project) -> None:
    """What was labelled in the viewer is in the table of calibration, for each reader."""
    project.set({"calibration/labels": {"style": {"file": "labels/style.csv", "metric": "style"}}})
    frozen = project.freeze("run-3")
    table = read_frame(make(frozen, next(each for each in frozen.artefacts if each.name == "calibration")))
    for width, _ in SIZES:
        row = table[(table["rater_a"] == f"human:{annotator(width)}") & (table["rater_b"] == "j")]
        assert set(row[row["model"] == "all"]["n_a"]) == {10}, row


def hostile_texts_stay_texts(page: Any) -> None:
    """Nothing that a model wrote runs, is fetched or becomes a part of the page; it can be read."""
    start, hosts = page.url, {str(urlsplit(page.url).netloc)}
    page.on("dialog", lambda dialog: page.evaluate("window.struck = true"))
    page.on("request", lambda request: hosts.add(str(urlsplit(request.url).netloc)))
    for path in ("/", "/dialogues/alpha/keeper/interview-fixed", "/answers?measure=bfi-words", "/items"):
        page.goto(urljoin(start, path))
        for text in page.locator("details").all():
            text.evaluate("part => { part.open = true }")
        page.wait_for_timeout(300)
        assert page.evaluate("window.struck") is None and len(hosts) == 1, hosts
        assert page.locator("main :is(script, img, iframe, object, style)").count() == 0
    page.goto(urljoin(start, "/dialogues/alpha/baker/interview-fixed"))
    assert HOSTILE[0] in page.locator("main").inner_text()


def nothing_is_too_wide(page: Any) -> None:
    """No page is wider than its window."""
    start = page.url
    for path in ("/", "/dialogues", "/answers", "/items", "/progression", "/dialogues/alpha/keeper/interview-fixed"):
        page.goto(urljoin(start, path))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], f"{path}: {width}"


WALKS: tuple[Walk, ...] = (
    lowest_rated_answer,
    a_point_of_a_figure,
    a_search,
    keys_and_branches,
    nothing_is_too_wide,
    ten_labels_by_keyboard,
)
_MANY = 12
"""Addresses that are followed of those that differ in their parameters alone."""


def _kind(address: str) -> str:
    return urlsplit(address).path


def _passes(chromium: Any, address: str, size: tuple[int, int], walk: Walk) -> bool:
    """Do one walk in a browser that nobody has used; what the console says counts as a failure."""
    started = time.monotonic()
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    context.set_default_timeout(20_000)
    page = context.new_page()
    troubles: list[str] = []
    page.on(
        "console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(address)
    try:
        walk(page)
    except Exception as error:  # a timeout of the browser, or what was expected and is not so
        troubles.append(f"{type(error).__name__}: {error} at {page.url}")
    context.close()
    told = "".join(f"\n    {trouble}" for trouble in troubles)
    print(
        f"  {'failed' if troubles else 'passed'} {size[0]}x{size[1]} {walk.__name__}",
        f"{time.monotonic() - started:.1f} s{told}",
        flush=True,
    )
    return not troubles


@contextmanager
def _viewer(folder: Path) -> Iterator[str]:
    """Start the viewer as a user does; yield the address that it prints."""
    start = "from personas.cli.main import main; main()"
    command = [sys.executable, "-c", start, "view", "-c", "config.yaml", "--no-browser"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def _playwright() -> Any:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("tests.browser: playwright is not installed, expected it; add --group browser to `uv run`.")
    return sync_playwright


def _browser() -> str:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        sys.exit(f"tests.browser: found none of {', '.join(_NAMES)}, expected Chromium; apt-get install chromium.")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

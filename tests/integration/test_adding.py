"""The worked examples of docs/adding.md that change code, each carried out in a copy of the library as it stands."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from personas.config.judges import METRICS
from personas.workflow.artefacts import downstream
from tests.helpers import ROOT, Project, digests, make_project

PLAN = """
import json, sys
from pathlib import Path
import personas
from personas.config import load_config
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.workflow.artefacts import downstream
assert personas.__file__.startswith(sys.argv[2]), personas.__file__
grid = build_grid(resolve(load_config([Path(sys.argv[1]) / "config.yaml"]), Path(sys.argv[1])))
made = [dict(zip(each.plain_outputs, each.outputs)) for each in downstream(grid)]
print(json.dumps({plain: path for each in made for plain, path in each.items()}))
"""

DRAW = """
import sys
import pandas as pd
from personas.figures import ends
from personas.figures.drawing import style
from pathlib import Path
row = {"by": "model", "unit": "one", "measure": "m", "condition": "c", "group": "persona", "position": 0, "mean": 1.0}
style.save(ends.draw(pd.DataFrame([row, row | {"position": 9, "mean": 2.0}])), *map(Path, sys.argv[1:]))
"""


def example(heading: str) -> tuple[str, str]:
    """Return the file that an example of the page begins with, and its content."""
    page = (ROOT / "docs/adding.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.search(r"`(scripts/personas/[^`]+\.py)`:\n\n```python\n(.*?)```", section, re.DOTALL)
    assert found, heading
    return found[1], found[2]


def run(program: str, library: Path, *arguments: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{library}:{ROOT}"}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder with a copy of the library."""
    shutil.copytree(ROOT / "scripts/personas", tmp_path / "scripts/personas")
    return tmp_path / "scripts"


def test_a_figure_is_one_module_and_renames_nothing(library: Path, tmp_path: Path) -> None:
    study = str(make_project(tmp_path / "study").folder)
    before = json.loads(run(PLAN, library, study, str(library)))
    name, content = example("A figure")
    (library.parent / name).write_text(content, encoding="utf-8")
    after = json.loads(run(PLAN, library, study, str(library)))
    assert after.keys() - before.keys() == {"figures/ends.pdf", "figures/ends.png"}
    assert {plain: after[plain] for plain in before} == before
    pdf, png = tmp_path / "ends.pdf", tmp_path / "ends.png"
    run(DRAW, library, str(pdf), str(png))
    assert pdf.stat().st_size and png.stat().st_size


SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        assert self.headers["Authorization"] == "Bearer " + os.environ["API_KEY"]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = {"role": "assistant", "content": body["model"] + " says so."}
        usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        told = json.dumps({"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
ASK = """
import sys
from pathlib import Path
import pyarrow.parquet as pq
import personas
from tests.helpers import Project
assert personas.__file__.startswith(sys.argv[2]), personas.__file__
project = Project(Path(sys.argv[1]))
project.run(stages=("generate",))
[dialogue, *_] = sorted((project.results / "current/dialogues/mine").rglob("*.parquet"))
print(pq.read_table(dialogue)["answer"].to_pylist()[0])
"""


def test_an_engine_is_one_module(library: Path, tmp_path: Path) -> None:
    """It is planned, started, asked and ended; nothing else knows of it."""
    name, content = example("An engine")
    (library.parent / name).write_text(content, encoding="utf-8")
    (tmp_path / "server.py").write_text(SERVER)
    model = {
        **{"engine": "program", "command": f"{sys.executable} {tmp_path / 'server.py'} {{port}}"},
        **{"id": "org/m", "revision": "r1", "sampling": {"temperature": 0.0, "max_tokens": 9}},
    }
    project = make_project(tmp_path / "study").set({"models": {"mine": model}})
    assert run(ASK, library, str(project.folder), str(library)).strip() == "mine says so."


HOLD = """
import sys
from pathlib import Path
import personas
from personas.plan.costs.estimate import total
from tests.helpers import FakeServer, Project
assert personas.__file__.startswith(sys.argv[2]), personas.__file__
project = Project(Path(sys.argv[1]))
with FakeServer() as server:
    project.set({"models/alpha/base_url": server.base_url})
    planned = total(project.plan_report().estimates.values()).requests
    project.run()
    turns = {body["messages"][-1]["content"] for body in server.bodies}
    print(planned == server.count, "Maren Holt, Whom do you trust?" in turns, "Whom do you trust?" in turns)
"""


def test_an_intervention_is_one_module(library: Path, tmp_path: Path) -> None:
    """It is planned and held; cells without it keep their names."""
    project = make_project(tmp_path / "study").set({"conditions/requests": None, "models/beta": None})
    before = digests(project.grid())
    name, content = example("An intervention")
    (library.parent / name).write_text(content, encoding="utf-8")
    project.set({"interventions": {"called": {"kind": "address", "every": 3}}})
    assert run(HOLD, library, str(project.folder), str(library)).strip() == "True True True"
    assert before <= {path.name.split(".")[-2] for path in project.results.glob("*/alpha/**/*.parquet")}


COMPUTE = """
import pandas as pd
from personas.tables.spread import spread
row = {"measure": "m", "model": "a", "condition": "c", "group": "persona", "position": 0}
values = pd.DataFrame([row | {"persona": "p", "value": 1.0}, row | {"persona": "q", "value": 3.0}])
print(spread(values)[["spread", "n"]].round(3).to_numpy().tolist())
"""


def test_a_table_is_one_module_and_renames_nothing(library: Path, tmp_path: Path) -> None:
    study = str(make_project(tmp_path / "study").folder)
    before = json.loads(run(PLAN, library, study, str(library)))
    name, content = example("A table")
    (library.parent / name).write_text(content, encoding="utf-8")
    after = json.loads(run(PLAN, library, study, str(library)))
    assert after.keys() - before.keys() == {"tables/spread.parquet", "tables/spread.csv"}
    assert {plain: after[plain] for plain in before} == before
    assert json.loads(run(COMPUTE, library)) == [[1.414, 2]]


SCORE = """
from personas.benchmarks import BENCHMARKS, Item
item = Item("1", "Say it.", {"words": "Mind the doors"})
print([BENCHMARKS["motto"].score(item, text)["said"] for text in ("mind the doors!", "No.")])
"""
MEASURED = """
import json, sys
from pathlib import Path
from personas.config import load_config
from personas.grid.grid import build_grid
from personas.grid.study import resolve
from personas.workflow.artefacts import downstream
grid = build_grid(resolve(load_config([Path(sys.argv[1]) / "config.yaml"]), Path(sys.argv[1])))
names = lambda value: json.dumps(value).count("motto-said-by-rules")
print(json.dumps([each.plain_outputs[0] for each in downstream(grid) if names(dict(each.spec))]))
"""


def test_a_kind_of_benchmark_is_one_module_and_its_score_is_everywhere(library: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path / "study")
    study = str(project.folder)
    before = json.loads(run(PLAN, library, study, str(library)))
    name, content = example("A benchmark: a new kind")
    (library.parent / name).write_text(content, encoding="utf-8")
    assert json.loads(run(PLAN, library, study, str(library))) == before
    assert json.loads(run(SCORE, library)) == [1.0, 0.0]
    (project.folder / "items/motto.jsonl").write_text('{"id": "1", "prompt": "Say it.", "words": "Mind the doors."}')
    project.set({"benchmarks/motto": {"items": "items/motto.jsonl"}})
    told = set(json.loads(run(MEASURED, library, study)))
    assert told >= {
        f"tables/{name}.parquet" for name in ("values", "measures", "rankings", "model-cards", "by-model")
    }
    assert told >= {"tables/motto-by-checkpoint.parquet", "figures/motto.pdf", "figures/over-baseline-motto.pdf"}
    assert told >= {"figures/card-alpha.pdf", "figures/models-by-rules.pdf", "figures/by-length-by-rules.pdf"}
    after = json.loads(run(PLAN, library, study, str(library)))
    assert {"figures/progression-motto.pdf", "tables/ratings-alpha--motto.parquet"} <= after.keys()


def test_a_metric_of_judges_is_one_rubric_and_stands_in_every_table(judged: Project) -> None:
    page = (ROOT / "docs/adding.md").read_text(encoding="utf-8")
    name, rubric = re.findall(r"`config/judges/default/(rubrics/[^`]+)`:.*?```yaml\n(.*?)```", page, re.DOTALL)[0]
    (judged.folder / "judges" / name).write_text(rubric, encoding="utf-8")
    before = judged.grid()
    after = judged.set({"judges/j/utterances": [*METRICS, "warmth"]}).grid()
    assert {cell.metric for cell in after.cells if cell.digest not in digests(before)} == {"warmth"}
    assert digests(before) <= digests(after)
    made = {each.plain_outputs[0]: json.dumps(dict(each.spec)) for each in downstream(after)}
    named = {plain for plain, spec in made.items() if "warmth-by-j" in spec}
    assert named >= {f"tables/{table}.parquet" for table in ("values", "measures", "rankings", "model-cards")}
    assert "figures/progression-utterances-by-j.pdf" in named

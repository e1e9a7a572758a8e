"""Which files a study has, how many rows each, and what each stands on: written a second time, without the planner.

Nothing here is read from the project but how a limit draws items, which `tests/unit/test_draw` holds.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from personas.benchmarks import BENCHMARKS
from personas.benchmarks.base import Item as OurItem
from personas.benchmarks.draw import draw
from tests.fuzz.world import BOUND, Item, World, slug_of

BASELINE = "baseline"
NOT_SHAPING = {
    *("name", "price", "concurrency", "called", "size", "family"),
    *("base_url", "key_variable", "served_name", "limits", "max_tokens_as"),
}
"""Keys of a model that shape no answer by themselves."""


class Track(NamedTuple):
    """A dialogue: who holds it where, and the how-manieth copy of it this is."""

    model: str
    who: str
    condition: str
    order: str
    copy: int

    @property
    def stem(self) -> str:
        return f"{self.condition}-{self.order}" + (f"-r{self.copy}" if self.copy > 1 else "")


class Truth:
    """`cells` and `artefacts` map a plain path to a mark of all that shapes it; `on` a cell to the one it stands on.

    Of the artefacts only ratings and patterns are here, with the cells that are read for them (`inputs`).
    """

    def __init__(self, world: World) -> None:
        self._world, self._raw = world, world.raw
        self.cells: dict[str, str] = {}
        self.rows: dict[str, int] = {}
        self.on: dict[str, str] = {}
        self.artefacts: dict[str, str] = {}
        self.inputs: dict[str, set[str]] = defaultdict(set)
        self._answers: dict[tuple[str, str, str, str | None], set[str]] = defaultdict(set)
        for model in self._raw["models"]:
            for who in self._speakers():
                self._speaker(model, who)
        self._ratings()
        self._patterns()

    def behind(self, path: str) -> set[str]:
        """Return a cell and all that stands on it."""
        above = {other for other, under in self.on.items() if under == path}
        return {path}.union(*map(self.behind, above))

    def _speakers(self) -> list[str]:
        return [*self._world.speakers, *([BASELINE] if self._raw["personas"].get("baseline", True) else [])]

    def _speaker(self, model: str, who: str) -> None:
        conditions, copies = self._raw["conditions"], range(1, self._raw.get("replicates", 1) + 1)
        for name, copy in product(conditions, copies):
            for order in conditions[name]["orders"]:
                self._track(Track(model, who, name, order, copy))

    def _track(self, track: Track) -> None:
        model, who, name, order, copy = track
        section = self._raw["models"][model]
        speaker = [shaping(section), sampling_of(section)["seed"] + copy - 1, self._persona(who)]
        turns = self._turns(track)
        dialogue = self._cell(f"dialogues/{model}/{who}/{track.stem}", [*speaker, turns], len(turns))
        for judge in self._judges(track):
            for metric, seen in product(self._metrics(judge), self._seen_as(who)):
                ending = f"{track.stem}--as-{seen}" if who == BASELINE else track.stem
                path = f"judgements/{judge}/{model}/{who}/{metric}/{ending}"
                self._judgement(path, judge, metric, seen, dialogue, len(turns))
        if order in self._raw["conditions"][name].get("ask_in", ["fixed"]):
            speaker += [self._raw["checkpoints"], turns[: self._raw["checkpoints"][-1]]]
            for benchmark in self._raw["benchmarks"]:
                bound = self._world.kinds[benchmark] in BOUND
                for seen in self._seen_as(who) if bound else [who]:
                    self._response(track, benchmark, seen, speaker, dialogue)

    def _response(self, track: Track, benchmark: str, seen: str, speaker: list[Any], dialogue: str) -> None:
        section, kind = self._raw["benchmarks"][benchmark], self._world.kinds[benchmark]
        model, who, items = track.model, track.who, self._asked(benchmark, seen)
        if not items:
            return
        stem = track.stem + (f"--as-{seen}" if seen != who else "")
        prompts = [[item["id"], _prompt(item, kind, who)] for item in items]
        mark = [*speaker, kind, prompts, section.get("max_tokens")]
        rows = len(items) * len(self._raw["checkpoints"])
        path = self._cell(f"responses/{model}/{who}/{benchmark}/{stem}", mark, rows)
        self.on[path] = dialogue
        self._answers[model, benchmark, who, seen if seen != who else None].add(path)
        self.inputs[f"tables/ratings-{model}--{benchmark}.parquet"].add(path)
        for judge in self._judges(track):
            wanted = self._raw["judges"][judge].get("benchmarks")
            if kind != "ifbench" and (wanted is None or benchmark in wanted):
                self._rated(f"judgements/{judge}/{model}/{who}/{benchmark}/{stem}", judge, kind, seen, path, items)

    def _rated(self, stem: str, judge: str, kind: str, seen: str, path: str, items: list[Item]) -> None:
        section, points = self._raw["judges"][judge], len(self._raw["checkpoints"])
        if kind not in BOUND:
            needs_persona = self._texts(judge)["rubrics"][kind].get("needs_persona", True)
            if seen != BASELINE or not needs_persona:
                self._judgement(stem, judge, kind, seen, path, len(items) * points, [i.get("trait") for i in items])
            return
        times = 2 if section.get("pairs") == "both" else 1
        alone = path.split("/")[2] == BASELINE or points < 2
        pairs = [section.get("pairs", "parity"), section.get("pairs") == "seeded" and section.get("pair_seed", 42)]
        for reference in section.get("references", ["dataset"]):
            if reference == "dataset" or not alone:
                rows = len(items) * times * (points - (reference != "dataset"))
                # Strictly nobody reads the reference answer who compares with an earlier one; it has always counted.
                texts = [reference, pairs, [item["reference"] for item in items]]
                self._judgement(f"{stem}--vs-{reference}", judge, kind, seen, path, rows, texts)

    def _judgement(self, path: str, judge: str, rubric: str, seen: str, on: str, rows: int, read: Any = None) -> None:
        section = self._raw["judges"][judge]
        judging = [shaping(section["model"]), section.get("form", "json"), section.get("cut_answers")]
        mark = [*judging, self._rubric(judge, rubric), self._persona(seen), read, self.cells[on]]
        path = self._cell(path, mark, rows)
        self.on[path] = on
        model, benchmark = path.split("/")[2], path.split("/")[4]
        family = benchmark if benchmark in self._raw["benchmarks"] else "utterances"
        self.inputs[f"tables/ratings-{model}--{family}.parquet"].add(path)

    def _cell(self, path: str, mark: list[Any], rows: int) -> str:
        path += ".parquet"
        self.cells[path], self.rows[path] = _mark(mark), rows
        return path

    def _judges(self, track: Track) -> Iterator[str]:
        for slug, judge in self._raw.get("judges", {}).items():
            models, orders = judge.get("models", [track.model]), judge.get("orders", ["fixed", "shuffled"])
            if track.order in orders and track.model in models:
                yield slug

    def _metrics(self, judge: str) -> list[str]:
        metrics: list[str] = self._raw["judges"][judge].get("utterances", ["knowledge", "style", "in-character"])
        return metrics

    def _texts(self, judge: str) -> dict[str, Any]:
        texts: dict[str, Any] = self._world.texts[Path(self._raw["judges"][judge]["texts"]).name]
        return texts

    def _rubric(self, judge: str, name: str) -> list[Any]:
        """What a judge reads of its texts for one rubric."""
        texts, section = self._texts(judge), self._raw["judges"][judge]
        rubric = {key: value for key, value in texts["rubrics"][name].items() if key != "needs_persona"}
        form, template = section.get("form", "json"), texts["template"]
        scale = template["scales"][rubric["scale"].replace("-", "_")]
        reasons = section.get("reasoning", True) and template.get("reasoning", True)
        wanted = {"json": "reasoned_json" if reasons else "verdict_json"}.get(form, form.replace("-", "_"))
        trait = template["trait"] if "traits" in rubric else None
        longest = template["reasoning_characters"] if wanted == "reasoned_json" else None
        return [rubric, template["persona"], trait, scale["prompt"], scale["requests"][wanted], longest]

    def _seen_as(self, who: str) -> list[str]:
        return self._world.speakers if who == BASELINE else [who]

    def _persona(self, who: str) -> list[str] | None:
        if who == BASELINE:
            return None
        persona = self._world.personas[who]
        return [persona["role"], persona["description"].strip()]

    def _turns(self, track: Track) -> list[str]:
        condition, section = self._raw["conditions"][track.condition], self._raw["models"][track.model]
        script = self._world.turns[Path(condition["turns"]).stem]
        first, last = ([script[k]] if k in script else [] for k in ("introductory_remark", "concluding_remark"))
        questions = list(enumerate(script["questions"][: condition["rounds"] - len(first) - len(last)]))
        if track.order == "shuffled":
            seed = condition.get("shuffle_seed", 42)
            questions.sort(key=lambda q: hashlib.sha256(f"{seed}\n{q[0]}\n{q[1]}".encode()).hexdigest())
        called = section.get("called") or section["id"].split("/")[-1]
        role = called if track.who == BASELINE else self._world.personas[track.who]["role"]
        return [turn.replace("{role}", role) for turn in [*first, *(text for _, text in questions), *last]]

    def _asked(self, benchmark: str, seen: str) -> list[Item]:
        """The items that somebody is asked, within the limit."""
        section, kind = self._raw["benchmarks"][benchmark], self._world.kinds[benchmark]
        items = with_ids(self._world.file(benchmark), kind)
        if kind in BOUND:
            items = [item for item in items if item["role"] == self._world.personas[seen]["role"]]
        ours = [OurItem(item["id"], item["prompt"], item) for item in items]
        ids = {i.id for i in draw(ours, section.get("limit"), BENCHMARKS[kind].groups, section.get("limit_seed", 0))}
        return [item for item in items if item["id"] in ids]

    def _ratings(self) -> None:
        for path in list(self.inputs):
            name = path.removesuffix(".parquet").split("--")[-1]
            scoring = None
            if name != "utterances":
                items = with_ids(self._world.file(name), self._world.kinds[name])
                scoring = [{key: value for key, value in item.items() if key != "prompt"} for item in items]
            self._artefact(path, scoring)

    def _patterns(self) -> None:
        section, points = self._raw.get("patterns", {}), self._raw["checkpoints"]
        if not self._raw["personas"].get("baseline", True):
            return
        first = section.get("checkpoint", points[0])
        checkpoints = {
            "": first,
            **({"/last": points[-1]} if section.get("also_last") and first != points[-1] else {}),
        }
        for (model, benchmark, who, _), own in list(self._answers.items()):
            if who == BASELINE or benchmark not in section.get("benchmarks", self._raw["benchmarks"]):
                continue
            seen = who if self._world.kinds[benchmark] in BOUND else None
            for (ending, checkpoint), what in product(checkpoints.items(), ("patterns", "counts")):
                path = f"patterns/{model}/{who}/{benchmark}{ending}-{what}.parquet"
                self.inputs[path] = own | self._answers[model, benchmark, BASELINE, seen]
                self._artefact(path, checkpoint)

    def _artefact(self, path: str, of: Any) -> None:
        self.artefacts[path] = _mark([of, sorted((cell, self.cells[cell]) for cell in self.inputs[path])])


def shaping(model: dict[str, Any]) -> dict[str, Any]:
    """Return what of a model shapes its answers; what is left empty is as if it were not there."""
    sent = {**model, "sampling": sampling_of(model)}
    return {key: value for key, value in sent.items() if key not in NOT_SHAPING and value}


def sampling_of(model: dict[str, Any]) -> dict[str, Any]:
    """Return the sampling of a model, in which what is never sent has no value of its own."""
    out = model.get("leave_out", [])
    return {name: 0 if name in out else value for name, value in model["sampling"].items()}


def with_ids(items: list[Item], kind: str) -> list[Item]:
    """Return items with their ids, where a kind makes them by itself."""
    if kind == "general":
        questions = list(dict.fromkeys(item["prompt"] for item in items))
        return [{**item, "id": f"q{questions.index(item['prompt']) + 1}"} for item in items]
    if kind == "role-specific":
        counted: dict[str, int] = defaultdict(int)
        return [{**item, "id": _numbered(item["role"], counted)} for item in items]
    return items


def _numbered(role: str, counted: dict[str, int]) -> str:
    counted[role] += 1
    return f"{slug_of(role)}-{counted[role]}"


def _prompt(item: Item, kind: str, who: str) -> str:
    """The baseline is not called by the role's name."""
    prompt: str = item["prompt"]
    name = f"{item.get('role')}, "
    if kind == "role-specific" and who == BASELINE and prompt.startswith(name):
        rest = prompt.removeprefix(name)
        return rest[0].upper() + rest[1:]
    return prompt


def _mark(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()

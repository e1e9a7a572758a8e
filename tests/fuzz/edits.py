"""Edits of a study, each as its user would make it. What an edit touches is not said here: `truth` knows."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.draw import CONSTRAINTS, METRICS, TRAITS
from tests.fuzz.world import BOUND, World, plain_words, words

Draw = random.Random
EDITS: dict[str, Callable[[World, Draw], Any]] = {}
"""By name. An edit that returns False does not fit this study; nothing else that it returns counts."""
FREE, NOTHING = set[str](), set[str]()
"""Edits after which nothing is sent, because the same is asked under another name; and those that plan nothing."""
SAYS_THE_SAME = {"model renamed"}
"""Edits after which all is asked again and answered as before. Nobody can know that the judge need not be asked."""


def edit(name: str, free: bool = False, nothing: bool = False) -> Callable[[Any], Any]:
    def keep(function: Callable[[World, Draw], Any]) -> Callable[[World, Draw], Any]:
        EDITS[name] = function
        FREE.update({name} if free or nothing else ())
        NOTHING.update({name} if nothing else ())
        return function

    return keep


def edit_of_texts(name: str) -> Callable[[Any], Any]:
    """Keep an edit of the texts that some judge reads; where there is no judge it does not fit."""

    def keep(function: Callable[[Any, Draw], Any]) -> Any:
        def edited(world: World, draw: Draw) -> Any:
            texts = _texts(world, draw)
            return False if texts is None else function(texts, draw)

        return edit(name)(edited)

    return keep


def _any(draw: Draw, of: Any) -> Any:
    return draw.choice(list(of))


def _other(draw: Draw, of: Any, now: Any) -> Any:
    return draw.choice([value for value in of if value != now])


def _section(world: World, draw: Draw, name: str) -> Any:
    """Return a section of the config of some model, judge, ...; None where there is none."""
    return _section_of(world.raw.get(name) or {}, draw)


def _section_of(sections: dict[str, Any], draw: Draw) -> Any:
    return sections[_any(draw, sections)] if sections else None


def _asked(world: World, draw: Draw) -> dict[str, Any]:
    """Return a model that is measured, or of a judge."""
    sections = [*world.raw["models"].values(), *(judge["model"] for judge in world.raw["judges"].values())]
    section: dict[str, Any] = draw.choice(sections)
    return section


def _benchmark(world: World, draw: Draw, kinds: Any, limited: bool = True) -> Any:
    """Return some benchmark of some kinds; None where there is none. `limited`: also one with a limit."""
    fitting = [slug for slug, kind in world.kinds.items() if kind in kinds]
    others = {slug for slug, section in world.raw["benchmarks"].items() if limited or "limit" not in section}
    return draw.choice([slug for slug in fitting if slug in others]) if others.intersection(fitting) else None


def _texts(world: World, draw: Draw) -> Any:
    """Return the texts that some judge reads; None where there is no judge."""
    judge = _section(world, draw, "judges")
    return judge and world.texts[Path(judge["texts"]).name]


def _rename(sections: dict[str, Any], draw: Draw) -> tuple[str, str]:
    """Rename one of some sections, in its place; return both names."""
    old = _any(draw, sections)
    new, before = f"renamed-{old}", list(sections.items())
    sections.clear()
    sections.update({new if name == old else name: value for name, value in before})
    return old, new


# Personas


@edit("persona's description")
def _(world: World, draw: Draw) -> Any:
    world.personas[_any(draw, world.personas)]["description"] = words(draw, "You are now")


@edit("persona's display name", nothing=True)
def _(world: World, draw: Draw) -> Any:
    if "roles" in world.raw["personas"]:
        return False
    world.personas[_any(draw, world.personas)]["name"] = words(draw, "Called")
    return None


@edit("blanks around a description", nothing=True)
def _(world: World, draw: Draw) -> Any:
    persona = world.personas[_any(draw, world.personas)]
    persona["description"] = f"  {persona['description']}\n"


@edit("persona added")
def _(world: World, draw: Draw) -> Any:
    slug = "zoe-holt" if "roles" in world.raw["personas"] else "zoe"
    world.personas[slug] = {"role": "Zoe Holt", "description": words(draw, "You are")}
    if "include" in world.raw["personas"]:
        world.raw["personas"]["include"].append(slug)
    for file in world.items.values():
        if file["kind"] in BOUND and draw.random() < 0.7:
            file["items"].append(
                {"role": "Zoe Holt", "prompt": words(draw, "What of"), "reference": words(draw, "It is")}
            )


@edit("persona left out", free=True)
def _(world: World, draw: Draw) -> Any:
    if len(world.speakers) < 2:
        return False
    world.raw["personas"]["include"] = sorted(draw.sample(world.speakers, len(world.speakers) - 1))
    return None


@edit("persona renamed", free=True)
def _(world: World, draw: Draw) -> Any:
    if "roles" in world.raw["personas"]:
        return False
    old, new = _rename(world.personas, draw)
    if include := world.raw["personas"].get("include"):
        world.raw["personas"]["include"] = [new if slug == old else slug for slug in include]
    return None


@edit("baseline switched")
def _(world: World, draw: Draw) -> Any:
    world.raw["personas"]["baseline"] = not world.raw["personas"]["baseline"]


# Models


@edit("sampling")
def _(world: World, draw: Draw) -> Any:
    model = _asked(world, draw)
    sampling, name = model["sampling"], draw.choice(["temperature", "top_p", "seed", "max_tokens"])
    sampling[name] = {"temperature": 0.3, "top_p": 0.5, "seed": sampling["seed"] + 1, "max_tokens": 40}[name]


@edit("revision")
def _(world: World, draw: Draw) -> Any:
    _asked(world, draw)["revision"] = "r2"


@edit("system role")
def _(world: World, draw: Draw) -> Any:
    model = _asked(world, draw)
    model["system_role"] = _other(draw, ("developer", "none"), model.get("system_role"))


@edit("thinking")
def _(world: World, draw: Draw) -> Any:
    options: list[Any] = [{"system_line": "No."}, {"template_arguments": {"deep": 3}}, {"effort": "high"}]
    _asked(world, draw)["thinking"] = draw.choice(options)


@edit("what does not shape a model", nothing=True)
def _(world: World, draw: Draw) -> Any:
    options: dict[str, Any] = {
        "name": "Another",
        "concurrency": 5,
        "price": {"prompt_per_million": 3.0, "completion_per_million": 4.0},
        "served_name": "served",
        "base_url": "http://127.0.0.1:9/v1",
        "key_variable": "KEY",
        "limits": {"requests_per_minute": 60.0},
        "max_tokens_as": "max_completion_tokens",
    }
    _asked(world, draw).update({name: value for name, value in options.items() if draw.random() < 0.5})


@edit("what the baseline is called")
def _(world: World, draw: Draw) -> Any:
    _section(world, draw, "models")["called"] = "Somebody"


@edit("model renamed")
def _(world: World, draw: Draw) -> Any:
    old, new = _rename(world.raw["models"], draw)
    for section in (*world.raw["judges"].values(), *world.raw.get("comparison", {}).values()):
        if "models" in section:
            section["models"] = [new if slug == old else slug for slug in section["models"]]


@edit("model added")
def _(world: World, draw: Draw) -> Any:
    first = _section(world, draw, "models")
    world.raw["models"]["model-9"] = {**first, "id": "org/model-9"}


@edit("model removed", free=True)
def _(world: World, draw: Draw) -> Any:
    if len(world.raw["models"]) < 2:
        return False
    gone, _ = world.raw["models"].popitem()
    world.raw.pop("comparison", None)
    choices = [judge for judge in world.raw["judges"].values() if "models" in judge]
    for judge in choices:
        judge["models"] = [model for model in judge["models"] if model != gone]
    return all(judge["models"] for judge in choices)


# Conditions


@edit("user turn")
def _(world: World, draw: Draw) -> Any:
    questions = world.turns[_any(draw, world.turns)]["questions"]
    questions[draw.randrange(len(questions))] = words(draw, "Now tell me of")


@edit("remark")
def _(world: World, draw: Draw) -> Any:
    script = world.turns[_any(draw, world.turns)]
    remarks = [name for name in script if name != "questions"]
    if not remarks:
        return False
    script[draw.choice(remarks)] = words(draw, "Well, {role}")
    return None


@edit("rounds")
def _(world: World, draw: Draw) -> Any:
    condition = _section(world, draw, "conditions")
    script = world.turns[Path(condition["turns"]).stem]
    least = max(1, len(script) - 1, world.raw["checkpoints"][-1])
    fitting = range(least, len(script["questions"]) + len(script))
    if set(fitting) == {condition["rounds"]}:
        return False
    condition["rounds"] = _other(draw, fitting, condition["rounds"])
    return None


@edit("order added or removed")
def _(world: World, draw: Draw) -> Any:
    condition = _section(world, draw, "conditions")
    both, one = ["fixed", "shuffled"], [draw.choice(["fixed", "shuffled"])]
    condition["orders"] = one if condition["orders"] == both else both
    condition["ask_in"] = [order for order in condition["ask_in"] if order in condition["orders"]]


@edit("orders to ask in")
def _(world: World, draw: Draw) -> Any:
    condition = _section(world, draw, "conditions")
    condition["ask_in"] = [] if condition["ask_in"] == condition["orders"] else condition["orders"]


@edit("seed of a shuffle")
def _(world: World, draw: Draw) -> Any:
    _section(world, draw, "conditions")["shuffle_seed"] = draw.randint(100, 999)


@edit("condition renamed", free=True)
def _(world: World, draw: Draw) -> Any:
    _rename(world.raw["conditions"], draw)


@edit("condition added")
def _(world: World, draw: Draw) -> Any:
    name = _any(draw, world.raw["conditions"])
    world.raw["conditions"]["condition-9"] = {**world.raw["conditions"][name], "shuffle_seed": 5}


@edit("replicate added")
def _(world: World, draw: Draw) -> Any:
    if any("seed" in model.get("leave_out", []) for model in world.raw["models"].values()):
        return False
    world.raw["replicates"] += 1
    return None


# Checkpoints and benchmarks


@edit("checkpoints")
def _(world: World, draw: Draw) -> Any:
    most = min(condition["rounds"] for condition in world.raw["conditions"].values())
    before = world.raw["checkpoints"]
    world.raw["patterns"].pop("checkpoint", None)
    for _ in range(9):
        world.raw["checkpoints"] = sorted(draw.sample(range(most + 1), draw.randint(1, min(3, most + 1))))
        if world.raw["checkpoints"] != before:
            return None
    return False


@edit("item")
def _(world: World, draw: Draw) -> Any:
    items = world.items[_any(draw, world.items)]["items"]
    old, new = draw.choice(items)["prompt"], words(draw, "How may I")
    for item in items:
        item["prompt"] = new if item["prompt"] == old else item["prompt"]


@edit("item added")
def _(world: World, draw: Draw) -> Any:
    file = world.items[_any(draw, world.items)]
    last = file["items"][-1]
    file["items"].append({**last, "id": "99", "prompt": words(draw, "And how do I")})


@edit("reference answer")
def _(world: World, draw: Draw) -> Any:
    benchmark = _benchmark(world, draw, BOUND)
    if benchmark is None:
        return False
    draw.choice(world.file(benchmark))["reference"] = words(draw, "It was")
    return None


@edit("trait of an item")
def _(world: World, draw: Draw) -> Any:
    benchmark = _benchmark(world, draw, ("bfi",))
    if benchmark is None:
        return False
    item = draw.choice(world.file(benchmark))
    item["trait"] = _other(draw, TRAITS, item["trait"])
    return None


@edit("label or constraint of an item")
def _(world: World, draw: Draw) -> Any:
    benchmark = _benchmark(world, draw, ("xstest", "ifbench"))
    if benchmark is None:
        return False
    item = draw.choice(world.file(benchmark))
    if "label" in item:
        item["label"] = _other(draw, ("safe", "unsafe"), item["label"])
    else:
        item["scoring"] = _other(draw, CONSTRAINTS, item["scoring"])
    return None


@edit("limit")
def _(world: World, draw: Draw) -> Any:
    section = _section(world, draw, "benchmarks")
    section["limit"] = _other(draw, (1, 2, 3, 50), section.get("limit"))


@edit("seed of a limit")
def _(world: World, draw: Draw) -> Any:
    _section(world, draw, "benchmarks")["limit_seed"] = draw.randint(100, 999)


@edit("longest answer of a benchmark")
def _(world: World, draw: Draw) -> Any:
    _section(world, draw, "benchmarks")["max_tokens"] = 40


@edit("benchmark renamed", free=True)
def _(world: World, draw: Draw) -> Any:
    kinds, sections = world.kinds, world.raw["benchmarks"]
    old, new = _rename(sections, draw)
    sections[new]["kind"] = kinds[old]
    world.raw.pop("calibration", None)
    for section in (*world.raw["judges"].values(), world.raw["patterns"]):
        if "benchmarks" in section:
            section["benchmarks"] = [new if slug == old else slug for slug in section["benchmarks"]]


@edit("benchmark twice, with another limit")
def _(world: World, draw: Draw) -> Any:
    slug = _any(draw, world.raw["benchmarks"])
    again = {**world.raw["benchmarks"][slug], "kind": world.kinds[slug], "limit": draw.randint(1, 9)}
    world.raw["benchmarks"]["again"] = again


# Judges


@edit_of_texts("rubric")
def _(texts: Any, draw: Draw) -> Any:
    texts["rubrics"][_any(draw, texts["rubrics"])]["criterion"] = words(draw, "Is it as it should be:")


@edit_of_texts("whether a rubric needs a persona")
def _(texts: Any, draw: Draw) -> Any:
    texts["rubrics"][draw.choice(["bfi", "xstest"])]["needs_persona"] = True


@edit_of_texts("template of a scale")
def _(texts: Any, draw: Draw) -> Any:
    scale = _section_of(texts["template"]["scales"], draw)
    scale["prompt"] = f"{plain_words(draw, 'First')}\n\n{scale['prompt']}"


@edit_of_texts("template of personas or traits")
def _(texts: Any, draw: Draw) -> Any:
    name = draw.choice(["persona", "trait"])
    texts["template"][name] = f"{plain_words(draw, 'First')} {texts['template'][name]}"


@edit_of_texts("request for a form")
def _(texts: Any, draw: Draw) -> Any:
    requests = _section_of(texts["template"]["scales"], draw)["requests"]
    name = _any(draw, requests)
    requests[name] = f"{plain_words(draw, 'Please.')} {requests[name]}"


@edit("form of a judge, or its reasoning")
def _(world: World, draw: Draw) -> Any:
    judge = _section(world, draw, "judges")
    if judge is None:
        return False
    if draw.random() < 0.5:
        judge["reasoning"] = not judge.get("reasoning", True)
    else:
        judge["form"] = _other(draw, ("json", "reasoning-result", "feedback-score"), judge.get("form", "json"))
    return None


@edit("what a judge rates")
def _(world: World, draw: Draw) -> Any:
    judge = _section(world, draw, "judges")
    if judge is None:
        return False
    judge["utterances"] = draw.sample(METRICS, draw.randint(0, len(METRICS)))
    for name in ("benchmarks", "models", "orders"):
        if draw.random() < 0.5:
            judge.pop(name, None)
    return None


@edit("what a judge compares with")
def _(world: World, draw: Draw) -> Any:
    judge = _section(world, draw, "judges")
    if judge is None:
        return False
    judge["references"] = draw.sample(["dataset", "zero", "previous"], draw.randint(1, 3))
    return None


@edit("order of two answers")
def _(world: World, draw: Draw) -> Any:
    judge = _section(world, draw, "judges")
    if judge is None:
        return False
    judge["pairs"] = _other(draw, ("parity", "both", "seeded"), judge.get("pairs", "parity"))
    judge["pair_seed"] = draw.randint(10, 99)
    return None


@edit("how much of an answer is judged", free=True)
def _(world: World, draw: Draw) -> Any:
    judge = _section(world, draw, "judges")
    if judge is None:
        return False
    judge["cut_answers"] = _other(draw, (300, 600), judge.get("cut_answers"))  # no answer is as long
    return None


@edit("judge added")
def _(world: World, draw: Draw) -> Any:
    model = {**_section(world, draw, "models"), "id": "org/judge-9"}
    model.pop("called", None)
    world.raw["judges"]["judge-9"] = {"model": model, "texts": "texts/one", "utterances": ["style"]}


@edit("judge renamed")
def _(world: World, draw: Draw) -> Any:
    if not world.raw["judges"]:
        return False
    _rename(world.raw["judges"], draw)
    return None


@edit("judge removed", free=True)
def _(world: World, draw: Draw) -> Any:
    if not world.raw["judges"]:
        return False
    world.raw["judges"].popitem()
    return None


# The rest


@edit("batches", nothing=True)
def _(world: World, draw: Draw) -> Any:
    world.raw["batches"] = {"max_cells": draw.randint(1, 9)}


@edit("patterns", free=True)
def _(world: World, draw: Draw) -> Any:
    world.raw["patterns"] = {"also_last": not world.raw["patterns"].get("also_last", False)}


@edit("resamples", free=True)
def _(world: World, draw: Draw) -> Any:
    world.raw["figures"]["resamples"] = 11

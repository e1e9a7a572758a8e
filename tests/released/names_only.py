"""A release of names alone: config/released.yaml can be planned with it."""

from pathlib import Path

from personas.config import load_config
from personas.grid.release.names import DATASETS
from tests.helpers import ROOT

CONFIG = ROOT / "config/released.yaml"
SELENE, FLOW = "Selene-1-Mini-Llama-3.1-8B", "Flow-Judge-v0.1"


def write_names(folder: Path) -> Path:
    """Write a release of two of its personas' files for one model, all of them empty, and empty folders for the
    others; return its folder.
    """
    for model in load_config([CONFIG]).models.values():
        (folder / "generations" / getattr(model, "directory", "")).mkdir(parents=True)
    for t in (0, 11, 102):
        for kind in DATASETS.values():
            (folder / "generations/gemma-3-4b-it" / f"{kind}_HAL_9000_{t}.json").touch()
        judged = folder / f"metrics/bfi/{FLOW}/gemma-3-4b-it/bfi_HAL_9000_{t}.json.csv"
        judged.parent.mkdir(parents=True, exist_ok=True)
        judged.touch()
    general = folder / f"metrics/instruction_general/{SELENE}/gemma-3-4b-it"
    general.mkdir(parents=True)
    for ending in (".json.csv", ".json_zero_reference.csv", ".json_previous_reference.csv"):
        (general / f"instruction_general_HAL_9000_11{ending}").touch()
    return folder

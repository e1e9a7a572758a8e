"""The job around one download: log, the record of what lies where, and an end with one sentence."""

import json
import logging
import os
import sys
import threading
import time
from pathlib import Path

from personas.core.errors import UserError
from personas.core.files import write_atomically
from personas.external.hub import Hub
from personas.external.needed import hub_models, weights_cache
from personas.external.repository import FetchResult
from personas.external.weights import fetch_weights
from personas.plan.driver import Driver
from personas.plan.frozen import FrozenPlan, Run, read

_STOPPED = 78


def main(frozen_plan: str, rule: str, log: str) -> None:
    """Download the weights that a rule stands for; end the process with one sentence where that fails."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True)
    for chatty in ("httpx2", "huggingface_hub"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        frozen = read(frozen_plan)
        threading.Thread(target=_end_with, args=(frozen.run,), daemon=True).start()
        run(frozen, rule)
    except UserError as error:
        logging.error("%s", error)
        print(error, file=sys.stderr, flush=True)
        sys.exit(1)


def run(frozen: FrozenPlan, rule: str) -> FetchResult:
    """Download what a rule stands for, and record repository, revision, folder and bytes."""
    fetch = next(fetch for fetch in frozen.fetches if fetch.name == rule)
    config = frozen.study.config
    hub = Hub(cache=weights_cache(config.machine))
    result = next(fetch_weights([hub_models(config)[fetch.slug]], hub))
    record = {
        "id": fetch.id,
        "revision": fetch.revision,
        "folder": str(result.folder),
        "bytes": sum(file.stat().st_size for file in result.folder.rglob("*") if file.is_file()),
        "downloaded_bytes": result.downloaded,
    }
    write_atomically(frozen.results / frozen.weights_file(fetch), json.dumps(record, indent=1).encode())
    logging.info("%s: %s", fetch.where, record)
    return result


def _end_with(run: Run) -> None:
    """End this process once the one that drives the run is gone: nothing of a run outlives it. The part stays."""
    driver = Driver(run, may_outlive=False)  # downloads run where Snakemake does
    while not driver.is_gone():
        time.sleep(0.5)
    os._exit(_STOPPED)

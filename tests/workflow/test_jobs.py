"""The frozen plan reaches every job: `script:` jobs here, jobs of a cluster with an empty environment there."""

import json
import stat

import pytest

from tests.helpers import PATIENCE, FakeServer
from tests.workflow.conftest import Checkout, fake_model, tiny_config

pytestmark = pytest.mark.workflow


def _configure(checkout: Checkout, server: FakeServer) -> None:
    model = fake_model(server.base_url)
    checkout.configure(tiny_config(models={"fake": model}))


def test_cluster_jobs_with_an_empty_environment_read_the_frozen_plan(checkout: Checkout) -> None:
    """Jobs parse the Snakefile again. The persona is edited meanwhile: they must not see that."""
    submit = checkout.folder / "submit.sh"
    submit.write_text(
        "#!/bin/bash\n"
        "echo 'description: edited while jobs were waiting' >> config/personas/lighthouse-keeper.yaml\n"
        f'env -i PATH=/usr/bin:/bin {checkout_mark(checkout)} bash "$1" >> jobs.log 2>&1 &\n'
        "echo $!\n"
    )
    submit.chmod(submit.stat().st_mode | stat.S_IXUSR)
    with FakeServer() as server:
        _configure(checkout, server)
        checkout.run(
            *("generate", "ratings", "patterns"),
            *("--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit.sh"),
            *("--jobs", "2", "--latency-wait", "20"),
        )
    jobs = (checkout.folder / "jobs.log").read_text()
    assert all(f"(Rule: {rule})" in jobs for rule in ("generate_fake_01", "rate_fake", "mine_fake_01")), jobs
    plans = list(checkout.results.glob("runs/*/plan.json"))
    assert len(plans) == 1, "one plan for the whole invocation"
    frozen = json.loads(plans[0].read_text())
    assert "edited" not in frozen["study"]["personas"]["lighthouse-keeper"]["description"]


def checkout_mark(checkout: Checkout) -> str:
    """Nothing but the mark by which the test finds its processes."""
    return f"PERSONAS_TEST_MARK={checkout.mark} HOME=/nonexistent"


class Image(Checkout):
    """A checkout in an environment as many container images set it."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PYTHONDONTWRITEBYTECODE": "1"}


def test_jobs_keep_what_they_compiled(checkout: Checkout) -> None:
    with FakeServer() as server:
        _configure(checkout, server)
        Image(checkout.folder, checkout.mark).run("generate")
    assert list((checkout.folder / "scripts/personas/requests").rglob("*.pyc"))


def test_stage_resources_reach_every_batch(checkout: Checkout) -> None:
    output = checkout.run("-n", "--quiet", "host", "--set-resources", "generate:runtime=77")
    assert "at most 77 min" in output


def test_unknown_stage_in_set_resources_is_refused(checkout: Checkout) -> None:
    output = checkout.run("-n", "--set-resources", "generat:runtime=77", check=False)
    assert "set-resources: found 'generat', expected a stage or a rule" in output
    assert "Traceback" not in output


def test_keep_incomplete_is_refused(checkout: Checkout) -> None:
    process = checkout.start("--keep-incomplete")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "--keep-incomplete: found on the command line" in output


def test_a_dry_run_writes_nothing(checkout: Checkout) -> None:
    checkout.run("-n")
    assert not checkout.results.exists()


def test_a_wrong_config_is_one_sentence_and_exit_code_1(checkout: Checkout) -> None:
    checkout.configure(tiny_config(checkpoints=[0, 9]))
    for command in (["-n"], []):
        process = checkout.start(*command)
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        lines = [line for line in output.splitlines() if not line.startswith("Using workflow specific profile")]
        assert lines == [
            "config/config.yaml: checkpoints: found 9, expected at most 4, the rounds of condition persona-directed."
        ]


def test_another_config_file_replaces_the_demo(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout.folder / "config/other.yaml").write_text(json.dumps(tiny_config(results="elsewhere")))
    output = checkout.run("-n", "--configfile", "config/other.yaml", "--quiet", "host")
    assert "elsewhere/dialogues/smollm2/" in output
    monkeypatch.setenv("PERSONAS_CONFIG", "config/other.yaml")
    assert "elsewhere/dialogues/smollm2/" in checkout.run("-n", "--quiet", "host")

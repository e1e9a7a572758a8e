# How a persona holds up over a long conversation.
# This file is the table of contents: plan, rules, targets. docs/workflow.md tells how it works.
import sys

from snakemake.utils import min_version

min_version("9.27")
sys.path.insert(0, f"{workflow.basedir}/scripts")

from personas.workflow.resources import gpus, memory, threads, walltime
from personas.workflow.run import start_run
from personas.workflow.stages import named_targets
from personas.workflow.workflow import current, inputs_of, open_plan
from personas.pages.categories import figure_category

# What is missing is planned once, here; every job reads that plan from a file (docs/workflow.md).
PLAN = open_plan(workflow, config)
RESULTS = PLAN.results.as_posix()


wildcard_constraints:
    digest="[0-9a-f]{16}",
    name="[A-Za-z0-9.-]+",
    place="[A-Za-z0-9./-]+",


include: "rules/fetch.smk"
include: "rules/generate.smk"
include: "rules/judge.smk"
include: "rules/import.smk"
include: "rules/ratings.smk"
include: "rules/patterns.smk"
include: "rules/analysis.smk"
include: "rules/calibration.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


onstart:
    start_run(workflow, PLAN)


rule all:
    default_target: True
    input:
        expand("{results}/{target}", results=RESULTS, target=PLAN.targets),
    localrule: True


# Targets with names: a stage (`snakemake generate` makes what is missing of it), or a figure.
# A target of which all is made asks for this file alone: Snakemake runs a rule that asks for nothing.
for name, files in named_targets(PLAN).items():

    rule:
        name:
            name
        input:
            expand("{results}/{file}", results=RESULTS, file=files) or workflow.snakefile,
        localrule: True

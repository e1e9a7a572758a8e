# How a persona holds up over a long conversation.
# This file is the table of contents: plan, rules, targets. docs/workflow.md tells how it works.
import sys

from snakemake.utils import min_version

min_version("9.27")
sys.path.insert(0, f"{workflow.current_basedir}/scripts")
sys.dont_write_bytecode = False  # images of containers set it: each start would compile all that it imports

from personas.workflow.resources import gpus, memory, threads, walltime
from personas.workflow.run import start_run
from personas.workflow.stages import of_stage, targets
from personas.workflow.workflow import current, inputs_of, open_plan
from personas.pages.categories import title_of

# What is missing is planned once, here; every job reads that plan from a file (docs/workflow.md).
PLAN = open_plan(workflow, config)
RESULTS = PLAN.results.as_posix()


report: "rules/captions/start.rst"


include: "rules/fetch.smk"
include: "rules/cells.smk"
include: "rules/scores.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/pages.smk"


onstart:
    start_run(workflow, PLAN)


rule all:
    default_target: True
    input:
        expand("{results}/{target}", results=RESULTS, target=PLAN.to_wait_for(PLAN.targets)) or workflow.snakefile,
    localrule: True


# Targets with names: a stage (`snakemake generate` makes what is missing of it), or a figure as it is called in
# `results/current/`. One of which all is made asks for this file alone: Snakemake runs a rule that asks for nothing.
for name, files in targets(PLAN, sys.argv).items():

    rule:
        name:
            name
        input:
            expand("{results}/{file}", results=RESULTS, file=PLAN.to_wait_for(files)) or workflow.snakefile,
        localrule: True


# Where nothing is temporary: Snakemake would ask every file of every job, after each job, whether it is.
if not any(file.is_temp for rule in workflow.rules for file in rule.output):
    workflow.storage_settings.notemp = True

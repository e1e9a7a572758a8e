# results/tables/ratings-<model>--<benchmark>.<digest>.parquet
# results/patterns/<model>/<persona>/<benchmark>-patterns.<digest>.parquet, and -counts
# results/tables/identification-<model>--scores.<digest>.parquet and --words; style-<model>--answers
# One rule per model whose answers are rated (`rate_<model>`), one per 32 minings of a model (`mine_<model>_<number>`),
# one per model whose answers a classifier tells apart (`strength_<model>`).
for family in of_stage(PLAN, "ratings"):

    rule:
        name:
            family.name
        input:
            inputs_of(PLAN, family),
        output:
            [f"{RESULTS}/{path}" for path in family.outputs],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{family.name}.log",
        conda:
            "../envs/workflow.yaml"
        threads: min(len(family.artefacts), workflow.cores or 1)
        resources:
            runtime=30,
            mem_mb=2000,
        message:
            f"Rating answers of {family.name.removeprefix('rate_')}: {len(family.artefacts)} tables"
        script:
            "../scripts/make_artefacts.py"


for family in of_stage(PLAN, "patterns"):

    rule:
        name:
            family.name
        input:
            inputs_of(PLAN, family),
        output:
            [f"{RESULTS}/{path}" for path in family.outputs],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{family.name}.log",
        conda:
            "../envs/workflow.yaml"
        threads: min(len(family.artefacts), workflow.cores or 1)
        resources:
            runtime=120,
            mem_mb=4000,
        message:
            f"Mining and counting token patterns of {family.name.removeprefix('mine_')}: {len(family.artefacts)} pairs of files"
        script:
            "../scripts/make_artefacts.py"


for family in of_stage(PLAN, "strength"):

    rule:
        name:
            family.name
        input:
            inputs_of(PLAN, family),
        output:
            [f"{RESULTS}/{path}" for path in family.outputs],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{family.name}.log",
        conda:
            "../envs/workflow.yaml"
        threads: 1  # one of its two artefacts takes most of the time
        resources:
            runtime=60,
            mem_mb=4000,
        message:
            f"Telling answers of {family.name.removeprefix('strength_')} from others: {len(family.artefacts)} sets of files"
        script:
            "../scripts/make_artefacts.py"

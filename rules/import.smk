# One rule per batch of cells that come from released files; no engine is asked. Finished cells have no rule.
for batch in PLAN.stage("import"):

    rule:
        name:
            batch.name
        input:
            [ancient(f"{RESULTS}/{path}") for path in batch.inputs],
            [ancient(path) for path in PLAN.fetched],
        output:
            [f"{RESULTS}/{path}" for path in batch.outputs],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{batch.name}.log",
        conda:
            "../envs/workflow.yaml"
        resources:
            runtime=30,
            mem_mb=1000,
        message:
            f"Importing released files of {batch.model} ({batch.name}: {len(batch.outputs)} cells)"
        script:
            "../scripts/import_cells.py"


rule tabulate_released:
    input:
        lambda wildcards: inputs_of(PLAN, f"tables/released-{wildcards.name}.{wildcards.digest}.parquet"),
    output:
        f"{RESULTS}/tables/released-{{name}}.{{digest}}.parquet",
        report(
            f"{RESULTS}/tables/released-{{name}}.{{digest}}.csv",
            caption="captions/table.rst",
            category="Tables",
            labels={"table": "released-{name}"},
        ),
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/released-{{name}}.{{digest}}.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=2000,
    message:
        "Tabulating released files: {wildcards.name}"
    script:
        "../scripts/tabulate_released.py"

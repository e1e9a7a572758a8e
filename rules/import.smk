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
            "../scripts/released/import_cells.py"

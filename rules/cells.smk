# results/dialogues/ results/responses/ results/judgements/
# One rule per batch: its outputs are exactly the cells that are missing. Finished cells have no rule.
for batch in PLAN.stage("generate"):

    rule:
        name:
            batch.name
        input:
            [ancient(f"{RESULTS}/{path}") for path in PLAN.to_wait_for(batch.inputs)],
            [f"{RESULTS}/{path}" for path in PLAN.weights_files(batch)],
            [ancient(path) for path in PLAN.fetched_files],
        output:
            [f"{RESULTS}/{path}" for path in batch.outputs],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{batch.name}.log",
        priority: 2  # what most of all else waits for comes first
        conda:
            "../envs/workflow.yaml"
        threads: threads(batch.model_sections(PLAN.study.config), workflow.cores)
        resources:
            runtime=walltime(batch.minutes),
            mem_mb=memory(batch.model_sections(PLAN.study.config)),
            gpu=gpus(batch.model_sections(PLAN.study.config)),
        message:
            f"Holding dialogues and asking items with {batch.model} ({batch.name}: {len(batch.outputs)} cells, about {batch.requests} requests; at most {{resources.runtime}} min, {{resources.mem_mb}} MB)"
        script:
            "../scripts/generate.py"


for batch in PLAN.stage("judge"):

    rule:
        name:
            batch.name
        input:
            [ancient(f"{RESULTS}/{path}") for path in PLAN.to_wait_for(batch.inputs)],
            [f"{RESULTS}/{path}" for path in PLAN.weights_files(batch)],
            [ancient(path) for path in PLAN.fetched_files],
        output:
            [f"{RESULTS}/{path}" for path in batch.outputs],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{batch.name}.log",
        priority: 1
        conda:
            "../envs/workflow.yaml"
        threads: threads(batch.model_sections(PLAN.study.config), workflow.cores)
        resources:
            runtime=walltime(batch.minutes),
            mem_mb=memory(batch.model_sections(PLAN.study.config)),
            gpu=gpus(batch.model_sections(PLAN.study.config)),
        message:
            f"Judging {batch.model} with {batch.judge} ({batch.name}: {len(batch.outputs)} cells, about {batch.requests} requests; at most {{resources.runtime}} min, {{resources.mem_mb}} MB)"
        script:
            "../scripts/judge.py"


# Cells of released models are made from their files; no engine is asked.
for batch in PLAN.stage("import"):

    rule:
        name:
            batch.name
        input:
            [ancient(f"{RESULTS}/{path}") for path in PLAN.to_wait_for(batch.inputs)],
            [ancient(path) for path in PLAN.fetched_files],
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

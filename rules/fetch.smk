# results/runs/<run>/weights/<slug>.json
# One rule per model or judge whose weights are to be downloaded before its first batch. Its output lies in the folder
# of this run, so no earlier run's record can pass for weights that are gone.
for fetch in PLAN.fetches:

    rule:
        name:
            fetch.name
        output:
            f"{RESULTS}/{PLAN.weights_file(fetch)}",
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{fetch.name}.log",
        localrule: True
        conda:
            "../envs/workflow.yaml"
        message:
            f"Downloading the weights of {fetch.slug}: {fetch.id} at {fetch.revision}"
        script:
            "../scripts/fetch.py"


# One rule per third-party file that is not here. Files that are here have no rule: nothing downloads them again.
for number, (source, path) in enumerate(PLAN.absent, start=1):

    rule:
        name:
            f"fetch_data_{number:02d}"
        output:
            PLAN.fetched_files[number - 1],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/fetch_data_{number:02d}.log",
        localrule: True
        conda:
            "../envs/workflow.yaml"
        params:
            source=source,
            path=path,
        message:
            f"Fetching {path} of {source}"
        script:
            "../scripts/fetch_data.py"

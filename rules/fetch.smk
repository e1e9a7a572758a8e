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
            "../scripts/fetch/fetch.py"

# One rule per third-party file that is not here. Files that are here have no rule: nothing downloads them again.
for number, (source, path) in enumerate(PLAN.to_fetch, start=1):

    rule:
        name:
            f"fetch_data_{number:02d}"
        output:
            PLAN.fetched[number - 1],
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
            "../scripts/fetch/fetch_data.py"

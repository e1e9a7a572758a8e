rule summarise:
    input:
        lambda wildcards: inputs_of(PLAN, f"tables/{wildcards.name}.{wildcards.digest}.parquet"),
    output:
        f"{RESULTS}/tables/{{name}}.{{digest}}.parquet",
        report(
            f"{RESULTS}/tables/{{name}}.{{digest}}.csv",
            caption="captions/table.rst",
            category="Tables",
            labels={"table": "{name}"},
        ),
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/{{name}}.{{digest}}.log",
    wildcard_constraints:
        name="(?!ratings-|released-)[A-Za-z0-9.-]+",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=4000,
    message:
        "Summarising: {wildcards.name}"
    script:
        "../scripts/analysis/summarise.py"

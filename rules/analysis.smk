rule summarise:
    input:
        lambda wildcards: inputs_of(PLAN, f"tables/by-checkpoint.{wildcards.digest}.parquet"),
    output:
        f"{RESULTS}/tables/by-checkpoint.{{digest}}.parquet",
        f"{RESULTS}/tables/by-checkpoint.{{digest}}.csv",
        f"{RESULTS}/tables/answer-status.{{digest}}.csv",
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/by-checkpoint.{{digest}}.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=4000,
    message:
        "Computing means and intervals by checkpoint"
    script:
        "../scripts/analysis/summarise.py"

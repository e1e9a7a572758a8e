rule rate:
    input:
        lambda wildcards: inputs_of(PLAN, f"tables/ratings-{wildcards.name}.{wildcards.digest}.parquet"),
    output:
        f"{RESULTS}/tables/ratings-{{name}}.{{digest}}.parquet",
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/ratings-{{name}}.{{digest}}.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=2000,
    message:
        "Rating responses: {wildcards.name}"
    script:
        "../scripts/rate.py"

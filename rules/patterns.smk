rule mine_patterns:
    input:
        lambda wildcards: inputs_of(PLAN, f"patterns/{wildcards.place}-patterns.{wildcards.digest}.parquet"),
    output:
        f"{RESULTS}/patterns/{{place}}-patterns.{{digest}}.parquet",
        f"{RESULTS}/patterns/{{place}}-counts.{{digest}}.parquet",
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/patterns/{{place}}.{{digest}}.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=120,
        mem_mb=4000,
    message:
        "Mining and counting token patterns: {wildcards.place}"
    script:
        "../scripts/mine_patterns.py"

rule draw_sample:
    input:
        lambda wildcards: inputs_of(PLAN, f"annotation/{wildcards.name}.{wildcards.digest}.csv"),
    output:
        f"{RESULTS}/annotation/{{name}}.{{digest}}.csv",
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/sample-{{name}}.{{digest}}.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=4000,
    message:
        "Drawing texts to rate: {wildcards.name}"
    script:
        "../scripts/draw_sample.py"

rule draw:
    input:
        lambda wildcards: inputs_of(PLAN, f"figures/by-checkpoint.{wildcards.digest}.pdf"),
    output:
        f"{RESULTS}/figures/by-checkpoint.{{digest}}.pdf",
        f"{RESULTS}/figures/by-checkpoint.{{digest}}.png",
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/figure-by-checkpoint.{{digest}}.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=2000,
    message:
        "Drawing scores by checkpoint"
    script:
        "../scripts/figures/draw.py"

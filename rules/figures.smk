rule draw:
    input:
        lambda wildcards: inputs_of(PLAN, f"figures/{wildcards.name}.{wildcards.digest}.pdf"),
    output:
        f"{RESULTS}/figures/{{name}}.{{digest}}.pdf",
        report(
            f"{RESULTS}/figures/{{name}}.{{digest}}.png",
            caption="captions/figure.rst",
            category=lambda wildcards: figure_category(wildcards.name),
            labels={"figure": "{name}"},
        ),
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/figure-{{name}}.{{digest}}.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=2000,
    message:
        "Drawing: {wildcards.name}"
    script:
        "../scripts/draw.py"

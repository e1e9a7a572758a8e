rule describe:
    input:
        lambda wildcards: inputs_of(PLAN, f"report/grid.{wildcards.digest}.html"),
    output:
        report(
            f"{RESULTS}/report/grid.{{digest}}.html",
            caption="captions/grid.rst",
            category="What was done",
            labels={"page": "The grid"},
        ),
        report(
            f"{RESULTS}/report/statuses.{{digest}}.html",
            caption="captions/statuses.rst",
            category="What was done",
            labels={"page": "How every planned row ended"},
        ),
        report(
            f"{RESULTS}/report/provenance.{{digest}}.html",
            caption="captions/provenance.rst",
            category="What was done",
            labels={"page": "Where the results come from"},
        ),
        f"{RESULTS}/report/provenance.{{digest}}.csv",
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/report.{{digest}}.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=2000,
    message:
        "Describing the grid and where its results come from"
    script:
        "../scripts/describe.py"


rule write_page:
    input:
        lambda wildcards: inputs_of(PLAN, f"report/{wildcards.name}.{wildcards.digest}.html"),
    output:
        report(
            f"{RESULTS}/report/{{name}}.{{digest}}.html",
            caption="captions/page.rst",
            category="What was found",
            labels={"page": "{name}"},
        ),
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/page-{{name}}.{{digest}}.log",
    wildcard_constraints:
        name="(?!(?:grid|statuses|provenance)[.])[A-Za-z0-9.-]+",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=2000,
    message:
        "Writing the page: {wildcards.name}"
    script:
        "../scripts/write_page.py"

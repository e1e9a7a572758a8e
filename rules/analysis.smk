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
        name="(?!ratings-|released-|values[.])[A-Za-z0-9.-]+",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=4000,
    message:
        "Summarising: {wildcards.name}"
    script:
        "../scripts/summarise.py"


# Of a study's size it has hundreds of thousands of rows, which no report should carry.
rule collect_values:
    input:
        lambda wildcards: inputs_of(PLAN, f"tables/values.{wildcards.digest}.parquet"),
    output:
        f"{RESULTS}/tables/values.{{digest}}.parquet",
        f"{RESULTS}/tables/values.{{digest}}.csv",
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/values.{{digest}}.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=4000,
    message:
        "Collecting the values of all cells"
    script:
        "../scripts/summarise.py"


rule typeset:
    input:
        lambda wildcards: inputs_of(PLAN, f"tables/{wildcards.name}.{wildcards.digest}.tex"),
    output:
        f"{RESULTS}/tables/{{name}}.{{digest}}.tex",
    log:
        f"{RESULTS}/runs/{PLAN.run.id}/logs/latex-{{name}}.{{digest}}.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=30,
        mem_mb=2000,
    message:
        "Writing as LaTeX: {wildcards.name}"
    script:
        "../scripts/typeset.py"

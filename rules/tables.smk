# results/tables/<name>.<digest>.parquet and .csv; of some also .tex. results/annotation/<name>.<digest>.csv
# One rule per family of tables (`contrasts`) of which one is missing. `values` of a study has hundreds of thousands of
# rows, which no report should carry; LaTeX and samples are for other programs.
for family in of_stage(PLAN, "analysis"):

    rule:
        name:
            family.name
        input:
            inputs_of(PLAN, family),
        output:
            [
                (
                    report(
                        f"{RESULTS}/{path}",
                        caption="captions/table.rst",
                        category="Tables",
                        labels={"table": plain_name(path)},
                    )
                    if path.endswith(".csv") and family.name not in ("values", "annotation")
                    else f"{RESULTS}/{path}"
                )
                for path in family.outputs
            ],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{family.name}.log",
        localrule: True
        conda:
            "../envs/workflow.yaml"
        resources:
            runtime=30,
            mem_mb=4000,
        message:
            f"Making tables: {family.name} ({len(family.artefacts)})"
        script:
            "../scripts/make_artefacts.py"

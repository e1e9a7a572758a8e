# results/tables/<name>.<digest>.parquet and .csv; of some also .tex. results/annotation/<name>.<digest>.csv
# One rule per family of tables (`contrasts`) of which one is missing. `values` of a study has hundreds of thousands of
# rows, which no report should carry, so it has no heading; LaTeX and samples are for other programs.
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
                        caption="captions/artefact.rst",
                        category=family.first.heading,
                        labels={"table": title_of(artefact, path)},
                    )
                    if path.endswith(".csv") and family.first.heading
                    else f"{RESULTS}/{path}"
                )
                for artefact in family.artefacts
                for path in artefact.outputs
            ],
        log:
            f"{RESULTS}/runs/{PLAN.run.id}/logs/{family.name}.log",
        localrule: True
        conda:
            "../envs/workflow.yaml"
        resources:
            runtime=30,
            mem_mb=4000,
        params:
            caption=family.first.caption,
        message:
            f"Making tables: {family.name} ({len(family.artefacts)})"
        script:
            "../scripts/make_artefacts.py"

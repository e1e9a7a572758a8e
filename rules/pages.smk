# results/report/<name>.<digest>.html
# One rule per family of pages (`model_card_page`) of which one is missing.
for family in of_stage(PLAN, "report"):

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
                        labels={"page": title_of(artefact, path)},
                    )
                    if path.endswith(".html")
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
            mem_mb=2000,
        params:
            caption=family.first.caption,
        message:
            f"Writing pages: {family.name} ({len(family.artefacts)})"
        script:
            "../scripts/make_artefacts.py"

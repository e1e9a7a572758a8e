# results/figures/<name>.<digest>.pdf and .png
# One rule per family of figures (`progression`, `model_card`) of which one is missing.
for family in of_stage(PLAN, "figures"):

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
                        labels={"figure": title_of(artefact, path)},
                    )
                    if path.endswith(".png")
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
            f"Drawing figures: {family.name} ({len(family.artefacts)})"
        script:
            "../scripts/make_artefacts.py"

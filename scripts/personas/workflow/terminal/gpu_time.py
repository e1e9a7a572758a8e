"""What a plan takes of GPUs: their hours together, the time by the clock, and what stated speeds rest on."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from personas.config.machine import GPU_KINDS
from personas.engines.kinds.vllm import VllmModel
from personas.engines.roofline import RANGE, memory_left
from personas.engines.weights.size import size_of
from personas.pages.numbers import minutes
from personas.plan.costs.estimate import Estimate
from personas.plan.models import asked_model
from personas.plan.plan_report import PlanReport


@dataclass
class _GpuTime:
    """GPU seconds, those of them at a stated speed, seconds of each batch, and models with stated speeds."""

    total: float = 0.0
    stated: float = 0.0
    most: int = 1
    batches: list[float] = field(default_factory=list)
    models: dict[str, VllmModel] = field(default_factory=dict)


def gpu_lines(plan_report: PlanReport) -> Iterator[str]:
    """Yield what there is to say of GPUs; nothing where no engine of the plan uses one."""
    time, machine = _gpu_time(plan_report), plan_report.plan.grid.study.config.machine
    if not time.total:
        return
    count = max(time.most, len(machine.gpus) if machine.gpus else 1)
    clock = max(time.total / count, *time.batches)
    text = f"GPU time: {minutes(time.total / 60)} of {machine.gpu_kind}"
    if time.stated:
        low, high = (time.total - time.stated + time.stated * factor for factor in (1 / RANGE, RANGE))
        text += f" ({minutes(low / 60)} to {minutes(high / 60)}, stated by a roofline and not measured)"
    whose = "machine.gpus" if machine.gpus else "set machine.gpus for yours"
    yield f"{text}; by the clock about {minutes(clock / 60)} on {count} ({whose})."
    for where, model in time.models.items():
        yield _size_line(where, model, plan_report)


def _gpu_time(plan_report: PlanReport) -> _GpuTime:
    plan, time = plan_report.plan, _GpuTime()
    for batch in plan.batches:
        model = asked_model(plan.grid.study.config, batch.model, batch.judge)
        if not isinstance(model, VllmModel):
            continue
        seconds = sum(plan_report.estimates.get(path, Estimate()).seconds for path in batch.outputs)
        time.total += seconds * model.gpus
        time.batches.append(seconds)
        time.most = max(time.most, model.gpus)
        if not plan_report.rates.tokens_per_second(batch.asked_slug, model, 0).measured:
            time.stated += seconds * model.gpus
            time.models[batch.where] = model
    return time


def _size_line(where: str, model: VllmModel, plan_report: PlanReport) -> str:
    machine = plan_report.plan.grid.study.config.machine
    size, gpu = size_of(model, machine), GPU_KINDS[machine.gpu_kind]
    active = f" ({size.active / 1e9:.3g} active)" if size.active < size.parameters else ""
    text = f"{where}: {size.parameters / 1e9:.3g} billion parameters{active} by {size.source}"
    gigabytes = f"{size.weights / 1e9:.3g} GB of weights"
    if memory_left(size, gpu, model.gpus, model.gpu_memory) <= 0:
        return f"{text}; {gigabytes} do not fit {model.gpus} x {gpu.gigabytes:g} GB: raise tensor_parallel."
    return f"{text}, {gigabytes} on {model.gpus} GPU{'' if model.gpus == 1 else 's'}."

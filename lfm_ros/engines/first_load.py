"""From a model to a TensorRT engine that has shown on this GPU that it computes what it should."""

from __future__ import annotations

from lfm_ros.core.errors import EngineError
from lfm_ros.engines import cache
from lfm_ros.engines.base import Notice
from lfm_ros.engines.build import PRECISIONS
from lfm_ros.engines.cuda import opening
from lfm_ros.engines.cuda.device import Device
from lfm_ros.engines.golden import GOLDEN_MEAN, GOLDEN_WORST, GoldenDifference, golden_difference
from lfm_ros.engines.loaded_plan import PlanError
from lfm_ros.engines.nvidia import NvidiaModule, find
from lfm_ros.engines.tensorrt import TensorRTEngine
from lfm_ros.models import Model


def unavailable(library: str) -> str | None:
    """Why TensorRT cannot run here, in a sentence; None if it may.

    Args:
        library: ``tensorrt`` or ``tensorrt_rtx``.
    """
    reason = opening.unavailable()
    if reason is not None:  # asked first: importing NVIDIA's library takes long
        return reason
    try:
        find(library)
    except EngineError as error:
        return str(error)
    return None


def open_engine(model: Model, library: str, notice: Notice) -> TensorRTEngine:
    """Find the model's plan in the cache or build it, load it, and try it on the golden batch.

    fp16 is used where it is near enough to the model's own fp32 outputs, else fp32.

    Args:
        model: The model.
        library: ``tensorrt`` or ``tensorrt_rtx``.
        notice: Told before a build, and when a plan cannot be used.

    Raises:
        EngineError: Library, driver or GPU are missing, the build failed, or the engine is wrong.
    """
    reason = unavailable(library)
    if reason is not None:
        raise EngineError(reason)
    nvidia, reasons = find(library), []
    for precision in PRECISIONS:
        device = opening.open_device()
        try:
            return _checked(model, nvidia, device, precision, notice)
        except _TooFarOffError as error:
            device.close()
            reasons.append(str(error))
            notice(str(error))
        except BaseException:
            device.close()
            raise
    raise EngineError(f"{'; '.join(reasons)}: use the backend onnxruntime, and report this")


class _TooFarOffError(Exception):
    """The engine runs, but its outputs are not the model's."""


def _checked(
    model: Model, nvidia: NvidiaModule, device: Device, precision: str, notice: Notice
) -> TensorRTEngine:
    info = cache.DeviceInfo(device.name, device.compute_capability, device.driver)
    plan = cache.load_or_build(model, nvidia, info, precision, notice)
    _refuse_if_far_off(plan.golden(info), model, precision)
    try:
        engine = TensorRTEngine(model, plan.bytes, nvidia, device, notice)
    except PlanError as error:
        notice(f"{error}; it is built again")
        plan = cache.load_or_build(model, nvidia, info, precision, notice, force=True)
        engine = TensorRTEngine(model, plan.bytes, nvidia, device, notice)
    try:
        if plan.golden(info) is None:
            plan.record(golden_difference(model, engine.infer), info)
            _refuse_if_far_off(plan.golden(info), model, precision)
    except BaseException:
        engine.close()
        raise
    return engine


def _refuse_if_far_off(golden: GoldenDifference | None, model: Model, precision: str) -> None:
    if golden is None or golden.acceptable:
        return
    raise _TooFarOffError(
        f"the {precision} engine of {model.name} differs from the model by "
        f"{golden.mean:.3%} of the radius on average and {golden.worst:.3%} at most "
        f"(limits {GOLDEN_MEAN:.1%} and {GOLDEN_WORST:.1%})"
    )

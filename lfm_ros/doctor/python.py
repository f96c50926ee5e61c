"""The interpreter, and what everything else stands on."""

from __future__ import annotations

from lfm_ros.doctor.finding import BROKEN, OK, Finding
from lfm_ros.doctor.modules import Module, look_for
from lfm_ros.doctor.patient import Patient

AREA = "python"
OLDEST = (3, 10)
_MODULES = (
    Module("numpy", "numpy", "everything", "sudo apt install python3-numpy"),
    Module("yaml", "yaml", "everything", "sudo apt install python3-yaml"),
    Module("viser", "viser", "lfm view, the viewer", "python3 -m pip install viser"),
    Module("onnx", "onnx", "peer and roof of lfm bench", "python3 -m pip install onnx"),
)


def check(patient: Patient) -> list[Finding]:
    """Version of the interpreter, and the packages that are not of ROS and no runtimes."""
    version = ".".join(map(str, patient.python))
    interpreter = Finding(AREA, "interpreter", OK, version)
    if patient.python < OLDEST:
        mend = "install Python 3.10 or newer; Ubuntu 22.04 and JetPack 6 have it"
        interpreter = Finding(AREA, "interpreter", BROKEN, version, "everything", mend)
    return [interpreter, *look_for(AREA, _MODULES, patient)]

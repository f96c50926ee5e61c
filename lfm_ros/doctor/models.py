"""The models that ship, each file verified."""

from __future__ import annotations

from lfm_ros.doctor.finding import ABSENT, BROKEN, OK, Finding

AREA = "models"
_AGAIN = "install lfm_ros again, from a complete checkout"


def check() -> list[Finding]:
    """Every model: sound, or why not."""
    from lfm_ros.models import available

    names = available()
    if not names:
        return [Finding(AREA, "models", ABSENT, "none is installed", "everything", _AGAIN)]
    return [_verified(name) for name in names]


def _verified(name: str) -> Finding:
    from lfm_ros.core.errors import ModelError
    from lfm_ros.models import load_model

    try:
        model = load_model(name)
    except ModelError as error:
        return Finding(AREA, name, BROKEN, str(error), f"the model {name}", _AGAIN)
    return Finding(AREA, name, OK, f"{model.name}, verified, in {model.folder}")

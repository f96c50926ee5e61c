"""The lines of the comparison, by name. Another peer is another line here."""

from __future__ import annotations

from functools import partial

from training.peers.ablations import ABLATIONS
from training.peers.c3dpo import C3dpo
from training.peers.fixed_order import FixedOrder
from training.peers.mean_shape import MeanShape
from training.peers.mlp import ResidualMlp
from training.peers.no_depth import NoDepth
from training.peers.ours import Ours, Variation
from training.peers.paul import Paul
from training.peers.peer import Entry
from training.peers.per_category import PerCategory
from training.peers.slots import Order

KNOWS_ALL = "category, order"
KNOWS_ORDER = "order"


def _c3dpo(order: Order, supervised: bool, told: str) -> Entry:
    network = partial(C3dpo, supervised=supervised)
    return Entry(lambda task: FixedOrder(task, network, order), told)


def _mlp(order: Order, told: str) -> Entry:
    return Entry(lambda task: FixedOrder(task, ResidualMlp, order), told)


def _ours(variation: Variation) -> Entry:
    return Entry(lambda task: Ours(task, variation))


PEERS: dict[str, Entry] = {
    "no depth": Entry(NoDepth),
    "mean shape + PnP": Entry(MeanShape, KNOWS_ALL),
    "MLP per category": Entry(lambda task: PerCategory(task, ResidualMlp), KNOWS_ALL),
    "PAUL per category, 2D": Entry(lambda task: PerCategory(task, Paul), KNOWS_ALL),
    "C3DPO, 2D": _c3dpo("own", supervised=False, told=KNOWS_ALL),
    "C3DPO, 3D": _c3dpo("own", supervised=True, told=KNOWS_ALL),
    "paper": _ours(Variation(preset="paper")),
    "base": _ours(Variation()),
}

#: The same networks told less and less of the object, as in the paper's PASCAL3D+ figure.
ORDERS: dict[str, Entry] = {
    "no depth": PEERS["no depth"],
    "C3DPO, 3D": PEERS["C3DPO, 3D"],
    "C3DPO, 3D, category not told": _c3dpo("shared", supervised=True, told=KNOWS_ORDER),
    "C3DPO, 3D, permuted": _c3dpo("permuted", supervised=True, told=""),
    "C3DPO, 2D": PEERS["C3DPO, 2D"],
    "C3DPO, 2D, category not told": _c3dpo("shared", supervised=False, told=KNOWS_ORDER),
    "C3DPO, 2D, permuted": _c3dpo("permuted", supervised=False, told=""),
    "MLP for all": _mlp("own", KNOWS_ALL),
    "MLP for all, category not told": _mlp("shared", KNOWS_ORDER),
    "MLP for all, permuted": _mlp("permuted", ""),
    "paper": PEERS["paper"],
    "base, without edges and sides": _ours(ABLATIONS["without edges and sides"]),
    "base": PEERS["base"],
}

#: How the error falls with samples seen; each budget is a training of its own.
CURVE: dict[str, Entry] = {name: PEERS[name] for name in ("MLP per category", "paper", "base")}

KINDS: dict[str, dict[str, Entry]] = {
    "peers": PEERS,
    "order": ORDERS,
    "curve": CURVE,
    "ablations": {name: _ours(variation) for name, variation in ABLATIONS.items()},
}

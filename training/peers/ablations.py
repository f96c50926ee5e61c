"""What our network is without each of its parts: one line each."""

from __future__ import annotations

from training.data.limbs import LimbConfig
from training.data.rigs import RigConfig
from training.peers.ours import Variation

ABLATIONS: dict[str, Variation] = {
    "base": Variation(),
    "paper": Variation(preset="paper"),
    "without edges": Variation(sampler={"edges_dropped": 1.0}, edges=False),
    "without sides": Variation(model={"sides": False}),
    "without edges and sides": Variation(
        model={"sides": False}, sampler={"edges_dropped": 1.0}, edges=False
    ),
    "without walk returns": Variation(model={"walk_steps": 0}),
    "canonical head alone": Variation(model={"depth": False}),
    "raw imbalance": Variation(sampler={"balance": 1.0}),
    "no stretch, no mirror": Variation(sampler={"stretch": 0.0, "mirror": 0.0}),
    "rigs as they are": Variation(sampler={"rig": RigConfig(subrig=0.0, markers=0.0)}),
    "batch of 8 x 48": Variation(sampler={"per_rig": 48}),
    "bodies as they are": Variation(sampler={"limbs": LimbConfig(bones=0.0, swung=0.0)}),
    "clean views": Variation(views={"noise": 0.0, "hidden": 0.0, "swapped": 0.0}),
}

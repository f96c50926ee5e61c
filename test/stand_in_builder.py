"""The building half of ``stand_in_tensorrt``. Names of methods and arguments are the real ones."""

from __future__ import annotations

import json
from types import SimpleNamespace

from stand_in_runtime import MAGIC, fail, session_of


class Profile:
    def __init__(self):
        self._ranges = {}

    def set_shape(self, input, min, opt, max):
        self._ranges[input] = (tuple(min), tuple(opt), tuple(max))


class Config:
    def __init__(self):
        self._profiles, self._flags, self._previews = [], set(), {}

    def set_flag(self, flag):
        self._flags.add(flag.name)

    def set_preview_feature(self, feature, enable):
        self._previews[feature.name] = enable

    def add_optimization_profile(self, profile):
        self._profiles.append(profile._ranges)
        return len(self._profiles) - 1


class AimedConfig(Config):
    """Of a library that can build for another GPU."""

    def set_compute_capability(self, compute_capability, index):
        return True


class Network:
    num_layers = 0

    def __init__(self):
        self._onnx = b""

    @property
    def num_inputs(self):
        return len(session_of(self._onnx).get_inputs())

    def get_input(self, index):
        return SimpleNamespace(name=session_of(self._onnx).get_inputs()[index].name)

    def get_layer(self, index):
        raise IndexError(index)


class Builder:
    def __init__(self, logger):
        self._logger = logger

    def create_network(self, flags=0):
        kinds = self.library.NetworkDefinitionCreationFlag
        names = {flag.name for flag in kinds if flags >> flag & 1}
        strong = self.library.stand_in.has.strong_types
        if "STRONGLY_TYPED" not in names if strong else names != {"EXPLICIT_BATCH"}:
            return fail(self._logger, f"a network with {names} does not take this file", None)
        return self.library.INetworkDefinition()

    def create_builder_config(self):
        return self.library.IBuilderConfig()

    def create_optimization_profile(self):
        return self.library.IOptimizationProfile()

    def build_serialized_network(self, network, config):
        told = self.library.stand_in
        told.builds += 1
        if told.refuse_build:
            return fail(self._logger, "no kernel was found for node_matmul", None)
        asked = config._previews.get("PROFILE_SHARING_0806", False)
        head = {
            "version": self.library.__version__,
            "profiles": config._profiles,
            "sharing": asked or told.has.strong_types,  # since 10 without asking
            "noise": told.noises.pop(0) if told.noises else 0,
            "size": len(network._onnx),
        }
        return MAGIC + json.dumps(head).encode() + b"\n" + network._onnx


class Parser:
    num_errors = 0

    def __init__(self, network, logger):
        self._network = network

    def parse(self, model):
        self._network._onnx = model
        return True

    def get_error(self, index):
        raise IndexError(index)

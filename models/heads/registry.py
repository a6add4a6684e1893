"""All heads by name. Importing this module registers those that come with goldpan."""

from __future__ import annotations

from config.registry import Registry
from models.heads.contract import Head
from models.heads.logistic import LogisticHead
from models.heads.mlp import MlpHead

heads: Registry[Head] = Registry("head")
heads.register("logistic")(LogisticHead())
heads.register("mlp")(MlpHead())

"""All heads by name. Importing this module registers those that come with goldpan."""

from __future__ import annotations

from config.registry import Registry
from models.heads.contract import Head
from models.heads.evidential import EvidentialHead
from models.heads.logistic import LogisticHead
from models.heads.mlp import MlpHead
from models.heads.ordinal import OrdinalHead
from models.heads.sade import SadeHead
from models.heads.sklearn_head import SklearnHead

heads: Registry[Head] = Registry("head")
heads.register("logistic")(LogisticHead())
heads.register("mlp")(MlpHead())
heads.register("evidential")(EvidentialHead())
heads.register("sade")(SadeHead())
heads.register("ordinal")(OrdinalHead())
heads.register("sklearn")(SklearnHead())
heads.seal()

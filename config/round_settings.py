"""The settings that a round depends on, so that one can be repeated after they were changed.

The encoder is not among them: all rounds of a project see the same vectors, which have a hash of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from config.schema import ProjectConfig

Settings: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Section → key → plain value."""

RECORDED: dict[str, tuple[str, ...]] = {
    "head": (
        "name",
        "estimator",
        "members",
        "imbalance",
        "target_prior",
        "calibrate",
        "semi_supervised",
        "mixup",
        "weigh_by_share",
        "learn_names",
        "optimiser",
        "epochs",
        "learning_rate",
        "weight_decay",
    ),
    "strategy": ("name", "start"),
    "rounds": ("batch", "queue"),
    "team": ("consensus",),
}
"""Section → keys that a round depends on; devices are left out, as the same figures are wanted on any."""


def recorded_settings(config: ProjectConfig) -> dict[str, dict[str, Any]]:
    """Return the settings that a round depends on, as plain values.

    Args:
        config: the project's configuration.
    """
    tree = config.model_dump(mode="json", include=set(RECORDED))
    return {section: {key: tree[section][key] for key in keys} for section, keys in RECORDED.items()}


def changed_settings(then: Settings, now: Settings) -> dict[str, dict[str, Any]]:
    """Return what of the settings of a round is different now, with its value then.

    Args:
        then: as `recorded_settings` gave them when the round ran; keys that it lacks count as unchanged.
        now: the same of the present configuration.
    """
    changed = {
        section: {
            key: value for key, value in values.items() if key in now[section] and now[section][key] != value
        }
        for section, values in then.items()
        if section in now
    }
    return {section: values for section, values in changed.items() if values}


def unknown_settings(given: Settings) -> list[str]:
    """Return what is wrong with the names of a round's settings, one message each."""
    return [
        f"a setting {section}.{key}, which no round depends on; leave it out"
        for section, values in given.items()
        for key in values
        if key not in RECORDED.get(section, ())
    ]


def with_settings(config: ProjectConfig, changed: Settings) -> ProjectConfig:
    """Return a configuration with some settings as they were.

    Args:
        config: the present one.
        changed: as `changed_settings` gives them.

    Raises:
        ValidationError: a value is none that the setting can have.
    """
    if not changed:
        return config
    update = {}
    for section, values in changed.items():
        present = getattr(config, section)
        update[section] = type(present).model_validate({**present.model_dump(mode="json"), **values})
    return config.model_copy(update=update)

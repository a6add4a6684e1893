"""What cleanlab makes of several people's labels, given the same votes and the same probabilities as goldpan."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from labeling.consensus.contract import Consensus

ABSENT = "cleanlab is not installed here and left out: make peers"


def cleanlab_consensus(said: npt.NDArray[np.int64], opinion: npt.NDArray[np.float64]) -> dict[str, Consensus]:
    """Return cleanlab's consensus (CROWDLAB, Goh et al. 2022) by name, as it comes and with its calibration.

    Args:
        said: (n, 3) the class each person gave.
        opinion: (n, k) what a model says that did not see the item's label.

    Returns:
        Empty where cleanlab is not installed. A consensus has its quality score as probability, 0 elsewhere.
    """
    if find_spec("cleanlab") is None:
        return {}
    from cleanlab.multiannotator import get_label_quality_multiannotator

    found = {}
    for name, calibrates in (("cleanlab_crowdlab", False), ("cleanlab_crowdlab_calibrated", True)):
        table = get_label_quality_multiannotator(
            said,
            opinion,
            calibrate_probs=calibrates,
            return_detailed_quality=False,
            return_annotator_stats=False,
            verbose=False,
        )["label_quality"]
        classes = table["consensus_label"].to_numpy(np.int64)
        sure = table["consensus_quality_score"].to_numpy(np.float64)
        probabilities = np.zeros_like(opinion, np.float64)
        probabilities[np.arange(len(classes)), classes] = sure
        found[name] = Consensus(probabilities, classes)
    return found

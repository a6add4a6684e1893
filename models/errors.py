"""The errors of models/.

```
config.errors.GoldpanError
└── ModelError                      anything that goes wrong between the pool's items and the model's figures
    ├── EncoderError                items cannot be turned into vectors
    │   ├── EncoderUnavailableError a package or the weights an encoder needs are not on this machine
    │   └── EncoderInputError       the pool does not hold what the encoder reads, or holds wrong values
    ├── VectorsError                the vectors file
    │   ├── VectorsMissingError     there is none yet
    │   ├── VectorsDamagedError     cut short, altered, or not an array of numbers
    │   └── VectorsMismatchError    made from another pool, or of another length
    ├── ProjectionError             the map's positions are missing, damaged, or of another length
    ├── HeadError                   a head cannot be trained, stored or loaded
    │   ├── TrainingSetError        labels and vectors that no head can be trained on
    │   │   └── NotEnoughLabelsError    fewer than two classes have a label yet
    │   ├── TrainingDivergedError   the loss was not a number, even with a smaller step
    │   └── WeightsError            a weights file that is missing, damaged, or of another head
    ├── SeekInvalidError            what is sought cannot be turned into scores
    ├── AuditSampleError            a sample of the audit set that does not fit together
    └── DeviceError                 a device that is unknown or not there
```
"""

from __future__ import annotations

from config.errors import GoldpanError


class ModelError(GoldpanError):
    """Anything that goes wrong between the pool's items and the model's figures."""


class EncoderError(ModelError):
    """Items cannot be turned into vectors."""


class EncoderUnavailableError(EncoderError):
    """A package or the weights an encoder needs are not on this machine."""


class EncoderInputError(EncoderError):
    """The pool does not hold what the encoder reads, or holds wrong values."""


class VectorsError(ModelError):
    """The vectors file cannot be used."""


class VectorsMissingError(VectorsError):
    """No vectors have been written yet."""


class VectorsDamagedError(VectorsError):
    """The vectors file is cut short, altered, or not an array of numbers."""


class VectorsMismatchError(VectorsError):
    """The vectors were made from another pool, or have another length."""


class ProjectionError(ModelError):
    """The map's positions are missing, damaged, or of another length."""


class HeadError(ModelError):
    """A head cannot be trained, stored or loaded."""


class TrainingSetError(HeadError):
    """Labels and vectors that no head can be trained on."""


class NotEnoughLabelsError(TrainingSetError):
    """Fewer than two classes have a label yet; more labels put it right."""


class TrainingDivergedError(HeadError):
    """The loss was not a number, even after a second attempt with a smaller step."""


class WeightsError(HeadError):
    """A weights file is missing, damaged, or belongs to another head."""


class DeviceError(ModelError):
    """A device that is unknown or not there."""


class SeekInvalidError(ModelError):
    """What is sought cannot be turned into scores: no usable vector, another length, or no known value."""


class AuditSampleError(ModelError):
    """A sample of the audit set that does not fit together."""

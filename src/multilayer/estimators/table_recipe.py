"""How a network for a table is made and trained: the defaults of `fit_table`, each chosen by measuring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

from multilayer.formulas.activations import Activation
from multilayer.network.network import Network
from multilayer.network.objective import Objective
from multilayer.training.rules import Adam, AdamW
from multilayer.training.schedules import Cosine
from multilayer.training.stopping import Patience

HIDDEN = (256, 256)
EPOCHS = 100
SMALLEST_BATCH, LARGEST_BATCH = 64, 256
# Of the rows that are trained on, the part that chooses the best epoch.
VALIDATION_SHARE = 0.15


@dataclass(frozen=True)
class Recipe:
    """What `fit_table` chose.

    Attributes
    ----------
    hidden : tuple of int
        Units of the hidden layers.
    activation : str
        g of the hidden layers.
    output : str
        "softmax" for classes, "identity" for a number.
    label_smoothing : float
        For classes, the share of the target that is spread evenly (Szegedy et al. 2016, section 7).
    rate, weight_decay : float
        Of AdamW; the rate falls to 0 along half a cosine.
    batch_size, epochs : int
        Rows an update; epochs at most.
    patience : int
        Epochs without a better validation loss that are borne.
    """

    hidden: tuple[int, ...]
    activation: str
    output: str
    label_smoothing: float
    rate: float
    weight_decay: float
    batch_size: int
    epochs: int
    patience: int

    def network(self, n_inputs: int, n_outputs: int) -> Network:
        """f."""
        return Network([n_inputs, *self.hidden, n_outputs], self.activation, self.output)

    def objective(self, network: Network) -> Objective:
        """J, with the output's own loss."""
        return Objective(network, label_smoothing=self.label_smoothing)

    @property
    def rule(self) -> Adam:
        """AdamW."""
        return AdamW(self.rate, self.weight_decay)

    @property
    def schedule(self) -> Cosine:
        """The fall of the rate."""
        return Cosine()

    @property
    def stop(self) -> Patience:
        """Early stopping."""
        return Patience(tolerance=0.0, patience=self.patience, on="validation_loss")

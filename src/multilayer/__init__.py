"""The multilayer perceptron: networks, their training, and tools for tables and teaching.

Names load when first used, so that ``import multilayer`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multilayer.convert.scikit_learn import from_sklearn as from_sklearn
    from multilayer.convert.scikit_learn import to_sklearn as to_sklearn
    from multilayer.convert.torch import from_torch as from_torch
    from multilayer.convert.torch import to_torch as to_torch
    from multilayer.display.live.bars import ProgressBar as ProgressBar
    from multilayer.display.live.loss import LiveLoss as LiveLoss
    from multilayer.display.plots.activations import plot_activations as plot_activations
    from multilayer.display.plots.decision_boundary import plot_decision_boundary as plot_decision_boundary
    from multilayer.display.plots.history import plot_history as plot_history
    from multilayer.display.plots.losses import plot_losses as plot_losses
    from multilayer.display.plots.rate_range import plot_rate_range as plot_rate_range
    from multilayer.display.summary import summary as summary
    from multilayer.display.trace import Trace as Trace
    from multilayer.display.trace import trace as trace
    from multilayer.estimators.mlp_classifier import MLPClassifier as MLPClassifier
    from multilayer.estimators.mlp_ensemble_classifier import MLPEnsembleClassifier as MLPEnsembleClassifier
    from multilayer.estimators.mlp_ensemble_regressor import MLPEnsembleRegressor as MLPEnsembleRegressor
    from multilayer.estimators.mlp_features import MLPFeatures as MLPFeatures
    from multilayer.estimators.mlp_regressor import MLPRegressor as MLPRegressor
    from multilayer.estimators.table_fitting import fit_table as fit_table
    from multilayer.estimators.table_model import TableModel as TableModel
    from multilayer.estimators.table_model import load as load
    from multilayer.formulas.activations import Activation as Activation
    from multilayer.formulas.activations import activation as activation
    from multilayer.formulas.losses import Loss as Loss
    from multilayer.formulas.losses import loss as loss
    from multilayer.formulas.outputs import Output as Output
    from multilayer.formulas.outputs import output as output
    from multilayer.geometry import linear_regions as linear_regions
    from multilayer.geometry import linearly_separable as linearly_separable
    from multilayer.network.gradient_check import check_gradient as check_gradient
    from multilayer.network.initial_weights import initial_weights as initial_weights
    from multilayer.network.layers import APL as APL
    from multilayer.network.layers import Dense as Dense
    from multilayer.network.layers import Dropout as Dropout
    from multilayer.network.layers import Hinges as Hinges
    from multilayer.network.layers import Layer as Layer
    from multilayer.network.layers import Maxout as Maxout
    from multilayer.network.network import Network as Network
    from multilayer.network.objective import Objective as Objective
    from multilayer.network.penalty import L1 as L1
    from multilayer.network.penalty import L2 as L2
    from multilayer.network.penalty import ElasticNet as ElasticNet
    from multilayer.network.targets import one_hot as one_hot
    from multilayer.training.full_batch import LBFGS as LBFGS
    from multilayer.training.full_batch import ConjugateGradient as ConjugateGradient
    from multilayer.training.history import Diverged as Diverged
    from multilayer.training.history import Epoch as Epoch
    from multilayer.training.history import Run as Run
    from multilayer.training.layerwise import Layerwise as Layerwise
    from multilayer.training.levenberg_marquardt import LevenbergMarquardt as LevenbergMarquardt
    from multilayer.training.perceptron import PerceptronRun as PerceptronRun
    from multilayer.training.perceptron import perceptron as perceptron
    from multilayer.training.rate_range import RateRange as RateRange
    from multilayer.training.rate_range import rate_range as rate_range
    from multilayer.training.rules import Adagrad as Adagrad
    from multilayer.training.rules import Adam as Adam
    from multilayer.training.rules import AdamW as AdamW
    from multilayer.training.rules import GradientDescent as GradientDescent
    from multilayer.training.rules import Momentum as Momentum
    from multilayer.training.rules import RMSprop as RMSprop
    from multilayer.training.rules import Rprop as Rprop
    from multilayer.training.schedules import Constant as Constant
    from multilayer.training.schedules import Cosine as Cosine
    from multilayer.training.schedules import Exponential as Exponential
    from multilayer.training.schedules import InverseScaling as InverseScaling
    from multilayer.training.schedules import LogCosine as LogCosine
    from multilayer.training.schedules import Plateau as Plateau
    from multilayer.training.schedules import Step as Step
    from multilayer.training.schedules import WarmUp as WarmUp
    from multilayer.training.stopping import GradientNorm as GradientNorm
    from multilayer.training.stopping import Patience as Patience
    from multilayer.training.stopping import Seconds as Seconds
    from multilayer.training.train import train as train
    from multilayer.version import __version__ as __version__

_HOMES = {
    "convert.scikit_learn": ("from_sklearn", "to_sklearn"),
    "convert.torch": ("from_torch", "to_torch"),
    "display.live.bars": ("ProgressBar",),
    "display.live.loss": ("LiveLoss",),
    "display.plots.activations": ("plot_activations",),
    "display.plots.decision_boundary": ("plot_decision_boundary",),
    "display.plots.history": ("plot_history",),
    "display.plots.losses": ("plot_losses",),
    "display.plots.rate_range": ("plot_rate_range",),
    "display.summary": ("summary",),
    "display.trace": ("Trace", "trace"),
    "estimators.mlp_classifier": ("MLPClassifier",),
    "estimators.mlp_ensemble_classifier": ("MLPEnsembleClassifier",),
    "estimators.mlp_ensemble_regressor": ("MLPEnsembleRegressor",),
    "estimators.mlp_features": ("MLPFeatures",),
    "estimators.mlp_regressor": ("MLPRegressor",),
    "estimators.table_fitting": ("fit_table",),
    "estimators.table_model": ("TableModel", "load"),
    "formulas.activations": ("Activation", "activation"),
    "formulas.losses": ("Loss", "loss"),
    "formulas.outputs": ("Output", "output"),
    "geometry": ("linear_regions", "linearly_separable"),
    "network.gradient_check": ("check_gradient",),
    "network.initial_weights": ("initial_weights",),
    "network.layers": ("APL", "Dense", "Dropout", "Hinges", "Layer", "Maxout"),
    "network.network": ("Network",),
    "network.objective": ("Objective",),
    "network.penalty": ("L1", "L2", "ElasticNet"),
    "network.targets": ("one_hot",),
    "training.full_batch": ("LBFGS", "ConjugateGradient"),
    "training.history": ("Diverged", "Epoch", "Run"),
    "training.layerwise": ("Layerwise",),
    "training.levenberg_marquardt": ("LevenbergMarquardt",),
    "training.perceptron": ("PerceptronRun", "perceptron"),
    "training.rate_range": ("RateRange", "rate_range"),
    "training.rules": ("Adagrad", "Adam", "AdamW", "GradientDescent", "Momentum", "RMSprop", "Rprop"),
    "training.schedules": (
        "Constant", "Cosine", "Exponential", "InverseScaling", "LogCosine", "Plateau", "Step", "WarmUp",
    ),
    "training.stopping": ("GradientNorm", "Patience", "Seconds"),
    "training.train": ("train",),
    "version": ("__version__",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted({*globals(), *__all__})

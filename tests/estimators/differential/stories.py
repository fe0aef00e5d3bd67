"""Stories: what is done with either pair of classes, and the rows and targets that the end is asked about.

Where scikit-learn answers with an error, ours is to be the same error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from differential.cases import Data
from differential.runs import Seen, Subject, describe, witness

rng = np.random.default_rng(7)
X = rng.normal(size=(30, 3))
NUMBERS = np.sin(X @ rng.normal(size=3))
LABELS = (X @ rng.normal(size=(3, 2)) > 0).astype(int)
TWO = LABELS[:, 0]
THREE = LABELS.sum(axis=1)
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}

Story = Callable[[Subject], tuple[Any, Data]]
STORIES: dict[str, Story] = {}


def story(function: Story) -> Story:
    STORIES[function.__name__] = function
    return function


def stories(**variants: Any) -> Callable[[Callable[[Subject, Any], tuple[Any, Data]]], Any]:
    """One story for each variant, which it is given."""

    def register(function: Callable[[Subject, Any], tuple[Any, Data]]) -> Any:
        for name, variant in variants.items():
            STORIES[f"{function.__name__}-{name}"] = lambda made, variant=variant: function(made, variant)
        return function

    return register


def told(name: str, made: Subject) -> Seen:
    """What is seen on the way, and at the end where there is one."""
    ended: list[tuple[Any, Data]] = []
    seen = witness(lambda: ended.append(STORIES[name](made)))
    if ended:
        describe(*ended[0], seen)
    return seen

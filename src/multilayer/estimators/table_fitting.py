"""`fit_table`: a table in, a model out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import engine as engine_named
from multilayer.estimators.splitting import part_rows
from multilayer.estimators.table_model import TableModel
from multilayer.estimators.table_recipe import VALIDATION_SHARE, Recipe, choose_recipe
from multilayer.tables.columns import decide_columns
from multilayer.tables.errors import TableError
from multilayer.tables.preparation import Preparation
from multilayer.tables.reading import Table, open_table
from multilayer.tables.target import TargetPreparation, Task, with_known_target
from multilayer.training.history import Epoch
from multilayer.training.train import train
from multilayer.version import __version__

FEWEST_ROWS = 10
DTYPE = np.float32

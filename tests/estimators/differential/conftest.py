"""The parts of the judge are imported as `differential.…`.

For a long run: pytest tests/estimators/differential/test_against_scikit_learn.py --hypothesis-profile=many
"""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

ROOM = str(Path(__file__).parents[1])
if ROOM not in sys.path:
    sys.path.insert(0, ROOM)

settings.register_profile("many", settings.get_profile("few"), max_examples=1000)

"""Single values: what is allowed passes, all else is refused by name."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.network.checks import (
    require_below_one,
    require_choice,
    require_factor,
    require_integer,
    require_not_negative,
    require_positive,
    require_share,
    require_truth,
)

TINY = 5e-324
NEAREST_BELOW_ONE = 1.0 - 2.0**-53
# Check, its words, what passes, what is refused.
NUMBERS = [
    (require_positive, "be a finite number above 0", [TINY, 1, 1e308], [0, 0.0, -TINY]),
    (require_not_negative, "be a finite number of at least 0", [0, -0.0, TINY, 1e308], [-TINY, -1]),
    (require_below_one, r"lie in \[0, 1\)", [0, 0.5, NEAREST_BELOW_ONE], [1, 1.0, -TINY]),
    (require_share, r"lie in \[0, 1\]", [0, 0.5, 1], [1.0 + 2.0**-52, -TINY]),
    (require_factor, r"lie in \(0, 1\]", [TINY, 0.5, 1], [0, 1.0 + 2.0**-52]),
]
NEVER = [math.nan, math.inf, -math.inf, True, False, np.True_, None, "0.5", 0.5j, [0.5], np.array([0.5])]


@pytest.mark.parametrize(("check", "value"), [(check, value) for check, _, allowed, _ in NUMBERS for value in allowed])
def test_numbers_up_to_the_bounds_pass(check, value):
    check("x", value)
    check("x", np.float64(value))


@pytest.mark.parametrize(
    ("check", "words", "value"),
    [(check, words, value) for check, words, _, refused in NUMBERS for value in [*refused, *NEVER]],
)
def test_other_numbers_and_what_is_none_are_refused_by_name(check, words, value):
    with pytest.raises(ValueError, match=rf"^x: must {words}, came ") as caught:
        check("x", value)
    assert str(caught.value).endswith(f"came {value!r}")


@pytest.mark.parametrize("value", [Fraction(1, 2), np.float32(0.5), 0.5])
def test_any_real_type_serves(value):
    for check, *_ in NUMBERS:
        check("x", value)


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_integers_from_the_least_on_pass(value, least):
    for kind in (int, np.int8, np.int64):
        if value >= least:
            require_integer("n", kind(value), least)
        else:
            with pytest.raises(ValueError, match=rf"^n: must be an integer of at least {least}, came "):
                require_integer("n", kind(value), least)


@pytest.mark.parametrize("value", [True, 1.0, np.float64(2.0), "1", None, math.nan, Fraction(2, 1)])
def test_what_is_no_integer_is_refused(value):
    with pytest.raises(ValueError, match=r"^n: must be an integer of at least 1, came "):
        require_integer("n", value)


def test_truth_is_true_or_false_only():
    require_truth("flag", True)
    require_truth("flag", False)
    for value in (0, 1, None, "yes", np.array([True])):
        with pytest.raises(TypeError, match=r"^flag: must be True or False, came "):
            require_truth("flag", value)


def test_a_choice_is_one_of_the_names():
    require_choice("mode", "b", ("a", "b", "c"))
    for value in ("d", "", "ab", None, 3, ["a"], {"a": 1}):
        with pytest.raises(ValueError, match=r"^mode: must be 'a', 'b' or 'c', came "):
            require_choice("mode", value, ("a", "b", "c"))

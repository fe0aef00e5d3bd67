"""Cases that drawing seldom reaches end alike: changes between calls, odd data, saturation, divergence, stopping."""

from __future__ import annotations

import pytest
from differential import stories_of_calls, stories_of_data, stories_of_limits
from differential.judging import judge_story
from differential.runs import Subject
from differential.stories import STORIES

import multilayer as ml

TOLD_IN = (stories_of_calls, stories_of_data, stories_of_limits)  # which fill STORIES
OURS = Subject(ml.MLPClassifier, ml.MLPRegressor)


@pytest.mark.parametrize("name", STORIES)
def test_the_same_end(name: str) -> None:
    judge_story(name, OURS)

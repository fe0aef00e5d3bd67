"""The notations in which a step can be written: a function from a step to a document each."""

from __future__ import annotations

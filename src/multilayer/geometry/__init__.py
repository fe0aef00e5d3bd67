"""Geometry of what units can do, each answer with what proves it."""

from multilayer.geometry.regions import Regions, linear_regions
from multilayer.geometry.separability import Separability, linearly_separable

__all__ = ["Regions", "Separability", "linear_regions", "linearly_separable"]

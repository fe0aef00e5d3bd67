"""Plots with matplotlib, which is imported when the first plot is made."""

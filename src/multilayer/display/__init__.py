"""What people look at: the trace of a step, plots, summaries.

matplotlib is imported only here, and only when a plot is made.
"""

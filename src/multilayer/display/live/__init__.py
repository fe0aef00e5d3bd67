"""What shows a run while it goes on, in the terminal and in notebooks; rich and IPython are imported when it does."""

"""Documents as plain text, LaTeX and HTML."""

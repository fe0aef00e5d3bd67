"""Models of other libraries as ours, and ours as theirs; each library is imported when it is asked for."""

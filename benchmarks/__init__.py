"""What training costs, measured beside other libraries in one run: ``python -m benchmarks.NAME``."""

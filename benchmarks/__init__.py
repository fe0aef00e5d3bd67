"""What training costs, measured beside other libraries in one run. Each module is run by ``python -m benchmarks.NAME``."""

"""The benchmarks: `make bench`, or `python -m bench`.

Each figure stands beside a floor that was measured in the same run with the same client, because
the ratio of the two says more than either on a machine whose neighbours come and go. A figure is
printed, never asserted. Everything runs on servers and data of its own, which are wiped afterwards.
"""

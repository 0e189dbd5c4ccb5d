"""The benchmark: its records, also from a simulated truth; the oracle that answers them; its metrics."""

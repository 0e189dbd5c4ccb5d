"""MedVidBench in the real lmms-eval; run by `make test-lmms-eval`."""

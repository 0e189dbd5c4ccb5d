"""MedVidBench as a task of lmms-eval, found there by `--include_path` with this folder."""

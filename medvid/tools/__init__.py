"""The tools: one file a task of the benchmark, how frames are fed, and the toolbox that runs them."""

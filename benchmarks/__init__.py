"""Each performance figure as a runnable comparison."""

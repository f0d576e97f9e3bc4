"""Each performance figure as a runnable comparison; see README.md beside this."""

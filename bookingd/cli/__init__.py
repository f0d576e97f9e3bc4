"""The command: run, check-config, migrate, seed, trip, audit, prices."""

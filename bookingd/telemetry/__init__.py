"""What the daemon tells about itself: metrics, logs, correlation."""

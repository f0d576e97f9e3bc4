"""HTTP and WebSocket: translate between the wire and messages, decide nothing."""

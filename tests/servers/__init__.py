"""Private servers for a test run: RabbitMQ and Redis, as Debian packages them."""

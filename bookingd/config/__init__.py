"""Typed settings, read once at the start from a TOML file, the environment and secret files.

The one rule: after `load_settings` nothing reads the environment, a configuration file or a secret again.
Every part is handed the section it needs.
"""

from bookingd.config.errors import ConfigErrors, Problem
from bookingd.config.keys import ensure_development_keys
from bookingd.config.reading import embedded_file, load_settings
from bookingd.config.sections import (
    ACTORS,
    ActorName,
    Actors,
    Answering,
    Audit,
    Booking,
    Bus,
    Cache,
    Calling,
    Database,
    Deciding,
    Environment,
    Inventory,
    Log,
    Logstash,
    Mail,
    Metrics,
    Paths,
    PayPal,
    Sandbox,
    Search,
    Searching,
    Security,
    Server,
    Settings,
    Stripe,
    Supplier,
    Suppliers,
)
from bookingd.config.values import Secret, SecretMissing, Url

__all__ = [
    "ACTORS",
    "ActorName",
    "Actors",
    "Answering",
    "Audit",
    "Booking",
    "Bus",
    "Cache",
    "Calling",
    "ConfigErrors",
    "Database",
    "Deciding",
    "Environment",
    "Inventory",
    "Log",
    "Logstash",
    "Mail",
    "Metrics",
    "Paths",
    "PayPal",
    "Problem",
    "Sandbox",
    "Search",
    "Searching",
    "Secret",
    "SecretMissing",
    "Security",
    "Server",
    "Settings",
    "Stripe",
    "Supplier",
    "Suppliers",
    "Url",
    "embedded_file",
    "ensure_development_keys",
    "load_settings",
]

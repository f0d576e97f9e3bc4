"""Travel terms and rules, pure: values and decisions, no input or output."""

"""What vectors show without training a probe."""

"""Training of the three families on running text, from nothing."""

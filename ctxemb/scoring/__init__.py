"""How well predictions agree with gold labels, and how sure that is: metrics, intervals and tests, chunks."""

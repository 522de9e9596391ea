"""The public functions: `ctxemb` offers them under its own name, and each command calls one of them."""

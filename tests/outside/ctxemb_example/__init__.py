"""What another package adds to ctxemb: a file each."""

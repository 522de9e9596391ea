"""``python -m ctxemb`` is ``ctxemb``."""

from ctxemb.cli.main import main

main()

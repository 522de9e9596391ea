"""A page to look at occurrences of words: layers, models, senses, neighbours."""

from ctxemb.explorer.occurrences import Occurrence, View, view_of
from ctxemb.explorer.page import Page, render_page

__all__ = ["Occurrence", "Page", "View", "render_page", "view_of"]

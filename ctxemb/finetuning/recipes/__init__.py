"""The recipes by name, a file each; other packages add theirs by the entry point ``ctxemb.recipes``."""

from __future__ import annotations

from importlib.metadata import entry_points

from ctxemb.finetuning.plan import parse_changes
from ctxemb.finetuning.recipe import Recipe
from ctxemb.finetuning.recipes import bert, features, gpt, scratch, ulmfit
from ctxemb.registry import unknown_name

_OWN = (
    bert.RECIPE,
    bert.STABLE,
    gpt.RECIPE,
    ulmfit.RECIPE,
    features.RECIPE,
    features.MIX_TUNED,
    scratch.RECIPE,
)


def recipes() -> dict[str, Recipe]:
    """Return all recipes by name; ctxemb's own come first."""
    found = {recipe.name: recipe for recipe in _OWN}
    for entry in entry_points(group="ctxemb.recipes"):
        found.setdefault(entry.name, entry.load())
    return found


def recipe_for(name: str) -> tuple[Recipe, dict[str, str]]:
    """Return a recipe and the changes to its numbers, from ``NAME`` or ``NAME:SETTING=VALUE,…``.

    Raises
    ------
    UnknownNameError, InputError
        If there is no such recipe, or the settings are not written so.

    Examples
    --------
    >>> recipe, changes = recipe_for("ulmfit:lm_epochs=0")
    >>> recipe.name, changes
    ('ulmfit', {'lm_epochs': '0'})
    """
    plain, _, changes = name.partition(":")
    known = recipes()
    if plain not in known:
        raise unknown_name("recipe", plain, known)
    return known[plain], parse_changes(changes)


def default_recipe(family: str) -> str:
    """Return the name of a family's own recipe."""
    return {"bert": bert.RECIPE.name, "gpt": gpt.RECIPE.name, "elmo": features.RECIPE.name}[family]

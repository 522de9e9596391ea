"""The recipes by name: those of this room, each declared in its file, and those of other packages."""

from __future__ import annotations

from ctxemb.finetuning.plan import parse_changes
from ctxemb.finetuning.recipe import Recipe
from ctxemb.plugins import collect
from ctxemb.suggest import Registry, unknown_name

_OF_FAMILIES = {"bert": "bert", "gpt": "gpt", "elmo": "features"}


def all_recipes() -> Registry[Recipe]:
    """Return all recipes by name."""
    return collect("recipe", "ctxemb.finetuning.recipes", "RECIPE", "ctxemb.recipes")


def recipe_names() -> list[str]:
    """Return the names of all recipes."""
    return list(all_recipes())


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
    known = all_recipes()
    if plain not in known:
        raise unknown_name("recipe", plain, known)
    return known[plain], parse_changes(changes)


def default_recipe(family: str) -> str:
    """Return the name of a family's own recipe."""
    return _OF_FAMILIES[family]

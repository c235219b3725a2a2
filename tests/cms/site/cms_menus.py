from __future__ import annotations

from collections.abc import Callable

from menus.base import Menu
from menus.menu_pool import menu_pool

# Called while the menu is built, once the pages have been read; set by tests.
HOOKS: list[Callable[[], object]] = []


class HookedMenu(Menu):
    def get_nodes(self, request):
        while HOOKS:
            HOOKS.pop()()
        return []


menu_pool.register_menu(HookedMenu)

"""Pictures of pages, for people to look at."""

from collections.abc import Callable
from typing import TypeAlias

from playwright.sync_api import Page

Picture: TypeAlias = Callable[[Page, str], None]
"""Takes the picture of a page under a name, where pictures are wanted."""

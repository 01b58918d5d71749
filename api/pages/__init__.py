"""The pages that people read: French, complete without JavaScript, under a strict Content-Security-Policy."""

from api.pages.routes import router
from api.pages.statics import static_files

__all__ = ["router", "static_files"]

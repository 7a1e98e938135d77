"""A project as one page that needs no server and no network."""

from t4t_core.site.page import page_of

__all__ = ["page_of"]

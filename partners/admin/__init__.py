"""The desk's pages of this package, one file a model."""

from partners.admin import partner

__all__ = ["partner"]

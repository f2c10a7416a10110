"""The desk's pages of this package, one file a model."""

from partners.admin import partner, terms

__all__ = ["partner", "terms"]

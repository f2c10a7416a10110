"""The desk's pages of this package, one file a model."""

"""Commands of the project as a whole; those of one package live with it."""

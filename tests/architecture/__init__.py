"""The shape of the project, held by machines: imports, doors, sizes, who may do what."""

"""Reviews: what comes after the incident. It ends the story by calling down into cases."""

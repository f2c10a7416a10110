"""What the incident's page shows, prepared for its template: it words, and decides nothing."""

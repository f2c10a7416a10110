"""incidentdesk: the wiring of the incident desk. It sees all packages; none of them imports it."""

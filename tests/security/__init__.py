"""The checks of docs/security/checks.md that need more than one part of the desk."""

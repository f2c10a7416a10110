"""Rotas: who is on call when, and what changes it."""

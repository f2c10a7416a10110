"""The proof that no partner learns of another: two made-up partners, and everything one may ask.

It runs on the desk as it is installed, as the application, in one transaction that is taken back:
no row stays, no mail leaves, and what the proof sees is this database's own roles and policies.
"""

"""The JSON API under `/api/v1/`: the desk's use cases and lists, for programs with a token.

One file a noun; a use case is one line there (`calls.do`), a list another (`lists.rows`). What is
asked for, and what is answered, follows from signatures and columns; rules stay in use cases.
"""

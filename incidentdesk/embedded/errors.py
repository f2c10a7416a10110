"""What the embedded mode says when it cannot go on: one sentence, and what to do about it."""


class EmbeddedError(Exception):
    """The message is for the person at the terminal; nothing else needs to be shown."""

"""What a backup or a restore refuses, in a sentence for the person at the terminal."""


class BackupError(Exception):
    """It could not be done; the sentence says why, and what to do."""

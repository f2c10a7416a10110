"""Mail as files, for a desk without a mail server: one `.eml` a message, readable by any client.

Set by EMAIL_FILE_PATH. A file appears under its name only when it is complete.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.utils.text import slugify

from incidentdesk.kernel import clocks


class EmailBackend(BaseEmailBackend):
    """Writes each message into the mail folder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is made before the first message."""
        super().__init__(*args, **kwargs)
        self.folder = Path(settings.EMAIL_FILE_PATH)
        self.answer = ""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write them; the number written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return sum(self._write(message) for message in email_messages)

    def _write(self, message: EmailMessage) -> int:
        if not message.recipients():
            return 0
        words = slugify(message.subject)[:60] or "mail"
        name = f"{clocks.now():%Y%m%d-%H%M%S}-{words}-{uuid4().hex[:8]}.eml"
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(message.message().as_bytes())
        os.replace(unfinished, self.folder / name)
        self.answer = f"written to {name}"
        return 1

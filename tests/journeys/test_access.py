"""A brute-force attack in sshd's log is one incident and one page."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests.journeys.stack import Desk
from tests.journeys.test_alerts import mails_about, wait_until
from tests.sinks import SmtpSink


def test_lines_of_sshd_open_exactly_one_incident(
    desk: Desk, sink: SmtpSink, tmp_path: Path
) -> None:
    address = ".".join(str(random.randint(1, 254)) for _ in range(4))
    log, stamp = tmp_path / "auth.log", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    said = "{} bastion sshd[{}]: Failed password for invalid user u{} from {} port 5 ssh2\n"
    follow = ["follow_log", "sshd", str(log), "--to", desk.url, "--key", "demo-access", "--once"]
    follow += ["--state", str(tmp_path / "state.json")]
    for begin in (0, 20):  # the attack goes on
        with log.open("a") as file:
            file.writelines(said.format(stamp, n, n, address) for n in range(begin, begin + 20))
        desk.manage(*follow)
        wait_until(lambda: bool(mails_about(sink, address)), seconds=60, what="the page by mail")
    time.sleep(1)
    references = {subject.split()[0] for subject in mails_about(sink, address)}
    assert len(references) == 1

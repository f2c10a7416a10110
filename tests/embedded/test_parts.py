"""The processes of the desk: no kind of work waits behind another that may be slow."""

from __future__ import annotations

from pathlib import Path

from cases import jobs as of_cases
from incidentdesk import schedule
from incidentdesk.embedded import parts
from incidentdesk.kernel import jobs as of_the_kernel
from incidentdesk.kernel import worker
from notifications import jobs as of_the_post
from reviews import jobs as of_reviews

JOBS = (of_cases, of_the_kernel, of_the_post, of_reviews)


def test_each_queue_has_a_process_of_its_own(tmp_path: Path):
    made = parts.parts(["worker"], port=8000, work=tmp_path, embedded=False)
    lines = [[str(word) for word in part.command] for part in made]
    assert [(line[line.index("-Q") + 1], line[line.index("-c") + 1]) for line in lines] == [
        ("page", "1"),
        ("default", "1"),
        ("webhooks", "1"),
    ]


def test_mail_is_taken_in_by_a_process_of_its_own_and_not_unless_asked_for(tmp_path: Path):
    assert parts.ALWAYS == ("web", "worker", "beat", "auditor")
    assert parts.chosen("mail,web") == ["web", "mail"]
    made = parts.parts(["mail"], port=8000, work=tmp_path, embedded=False)
    assert [(part.name, list(part.command)[1:]) for part in made] == [
        ("mail", ["manage.py", "receive_mail"])
    ]


def test_what_waits_for_others_has_a_queue_of_its_own_and_all_else_two_others():
    callers = ("notifications.jobs.deliver_webhooks", "cases.jobs.ask_prometheus")
    own = dict.fromkeys(callers, "webhooks")
    known = {
        name: queue
        for name, queue in worker._queues.items()
        if name.rpartition(".")[0] in {module.__name__ for module in JOBS}
    }
    assert {name: known.pop(name) for name in callers} == own
    assert set(known.values()) == {"page", "default"}
    asked = {one["task"]: one["options"].get("queue", "default") for one in schedule.EVERY.values()}
    assert asked == {task: {**known, **own}[task] for task in asked}

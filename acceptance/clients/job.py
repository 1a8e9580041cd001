"""What the runners of frameworks share: jobs on stdin, one a line; what a program sees of each on stdout."""

import json
import sys
from unittest.mock import patch


def work(see):
    """Has `see(job, scenario, headers, seen)` fill in what a program sees of each scenario."""
    # What a library prints is none of our answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        answers.write(json.dumps(_done(see, json.loads(line)), default=str) + "\n")
        answers.flush()


def _done(see, job: dict) -> dict:
    found = {}
    for scenario in job["scenarios"]:
        request_id = f"{job['run']}-{scenario['name']}"
        scenario["prompt"] = scenario["prompt"].replace("TAG", job["run"])
        found[request_id] = _one(see, job, scenario, {"x-client-request-id": request_id})
    return found


def _one(see, job: dict, scenario: dict, headers: dict) -> dict:
    seen = {"parsed": [], "error": None, "headers": {}}
    with patch("time.sleep") as sleep:
        try:
            see(job, scenario, headers, seen)
        except Exception as raised:  # every kind of it is part of the transcript
            response = getattr(raised, "response", None)
            seen["headers"] = dict(response.headers) if response is not None else {}
            seen["error"] = _told(raised)
    # Without the provider's word for it clients wait for a random time.
    seen["waits"] = [round(call.args[0]) if call.args[0] > 2 else "backoff" for call in sleep.call_args_list]
    return seen


def _told(raised: Exception) -> dict:
    told = {name: getattr(raised, name, None) for name in ("status_code", "code", "param", "type", "body", "request_id")}
    return told | {"class": type(raised).__qualname__, "message": str(raised)}

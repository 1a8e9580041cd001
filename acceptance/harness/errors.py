"""What an error must look like in each protocol."""

import json

OPENAI_TYPES = {402: "insufficient_quota", 429: "rate_limit_error"}
ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
# Where SDKs look for the id of a request.
REQUEST_ID = {"openai": "x-request-id", "anthropic": "request-id"}
# What another try of the same request may change.
PASSING = {"rate_limited", "overloaded", "provider_rate_limited", "provider_unavailable"}


def assert_error(answer, protocol: str, status: int, code: str, source: str = "ownkey"):
    """An error of Ownkey's own making, whole: status, shape, headers."""
    body = answer.json()
    text = body["error"]["message"] if "error" in body else str(body)
    assert answer_status(answer) == status, text
    error = body["error"]
    assert error["code"] == code and error["message"]
    if protocol == "openai":
        default = "server_error" if status >= 500 else "invalid_request_error"
        assert error["type"] == OPENAI_TYPES.get(status, default)
        assert error["param"] is None
    else:
        assert body["type"] == "error" and "request_id" in body
        assert error["type"] == ANTHROPIC_TYPES.get(status, "api_error")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-ownkey-error"] == code
    assert answer.headers["x-ownkey-error-source"] == source
    if source == "ownkey":
        assert answer.headers[REQUEST_ID[protocol]] == answer.headers["x-ownkey-request-id"]
    if code not in PASSING:
        assert answer.headers["x-should-retry"] == "false"
    else:
        assert answer.headers.get("x-should-retry") != "false"


def assert_ends_in_error_event(provider, text):
    """The last event is an error in the protocol's form; nothing says that the answer was whole."""
    last = [block for block in text.split("\n\n") if block.strip()][-1]
    data = json.loads(last.split("data: ", 1)[1])
    if provider == "openai":
        assert "[DONE]" not in text
        assert data["error"]["message"] and data["error"]["code"]
    else:
        assert "message_stop" not in text
        assert last.startswith("event: error\n") and data["type"] == "error"
        assert data["error"]["type"] and data["error"]["message"]
    return data


def answer_status(answer) -> int:
    return getattr(answer, "status_code", None) or answer.status


def assert_problem(answer, status: int, code: str):
    """An error of the management API."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["code"] == code and problem["status"] == status and problem["title"]
    return problem

"""Nobody pays who was not asked to: every receipt beside what its workspace had said until then."""

from .api import Api

KEY_STORED = ("credential.create", "credential.rotate")
KEY_GONE = "credential.remove"


# Workspaces that are changed while their calls are under way; their own tests tell what was sent when.
UNDER_LOAD = "Under load"


def unconsented(operator: Api) -> list[str]:
    """Managed calls of workspaces that wanted own keys only, or that had a key at that provider.

    A workspace may say that it wants managed access although it has a key, or that it may step in for a key that has
    failed. What counts is what it had said before the call came in. (Plans that let keys sleep and go on managed are not for this.)
    """
    found = []
    for workspace in operator.all("/workspaces", limit=200):
        if workspace["name"] == UNDER_LOAD:
            continue
        path = f"/workspaces/{workspace['id']}"
        events = sorted(operator.all(f"{path}/audit", limit=200), key=lambda event: event["seq"])
        for receipt in operator.all(f"{path}/requests", limit=200):
            payers = {attempt["payer"] for attempt in receipt["attempts"]}
            if "managed" in payers and (why := objection(events, receipt)):
                found.append(f"{receipt['id']} of {workspace['id']}: {why}")
    return found


def objection(events: list[dict], receipt: dict) -> str | None:
    """Why that call may not have been managed."""
    payer, consents, key = "byok_preferred", [], None
    for event in events:
        if event["at"] >= receipt["at"]:
            break
        if event["action"] == "workspace.policy":
            payer, consents = event["detail"]["payer"], event["detail"]["fallback"]["on"]
        elif event["detail"].get("provider") == receipt["provider"]:
            key = event["object"] if event["action"] in KEY_STORED else None if event["action"] == KEY_GONE else key
    if payer == "byok_only":
        return "the policy was byok_only"
    if payer == "managed_only" or not key:
        return None
    tried = [attempt["payer"] for attempt in receipt["attempts"]]
    if consents and tried == ["byok", "managed"]:
        return None
    return f"there was the key {key}"

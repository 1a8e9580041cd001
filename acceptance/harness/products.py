"""The two example products, each as a server of its own configuration file."""

from pathlib import Path

from .api import SCOPES, Workspace

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def settings(name: str) -> str:
    """The product's file, to be added to a test server's addresses."""
    return (EXAMPLES / f"{name}.toml").read_text()


def services(name: str, sim) -> str:
    """The product's file with its services at the simulator's."""
    text = settings(name)
    for real, simulated in (
        ("https://api.openai.com/v1", sim.openai),
        ("https://backend.composio.dev/api/v3", sim.service),
        ("https://api.apollo.io/api/v1", sim.service),
    ):
        assert real in text
        text = text.replace(real, simulated)
    return text


def workspace(server, plan: str, **more) -> Workspace:
    """A workspace on that plan, with a platform key that may do all a workspace may."""
    operator = server.operator
    made = operator("POST", "/workspaces", {"name": "Acme", "plan": plan, **more}, 201).json()
    scopes = [*SCOPES, "policy:write", "agents:write"]
    key = operator("POST", f"/workspaces/{made['id']}/api-keys", {"name": "all", "scopes": scopes}, 201).json()
    return Workspace(operator, made["id"], key["id"], key["secret"])


def change(server, workspace: Workspace, **fields):
    """What the operator changes of a workspace: its plan, its features."""
    return server.operator("PATCH", f"/workspaces/{workspace.id}", fields, 200).json()


def grant(workspace: Workspace, credits, **more) -> dict:
    """Credits that the operator gives."""
    body = {"credits": str(credits), "reason": "a test", **more}
    return workspace.operator("POST", f"{workspace.path}/credits/grants", body, 201).json()


def set_payer(workspace: Workspace, payer: str):
    workspace.api("PUT", f"{workspace.path}/policy", {"payer": payer}, 200)


def code(answer) -> tuple[int, str | None]:
    """Status and code of an answer; no code where it is no error."""
    return answer.status_code, answer.headers.get("x-ownkey-error")

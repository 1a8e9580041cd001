"""The command line for people and CI, and the CI files of `examples/ci`, run step by step against a real server."""

import json
import re
import subprocess

import pytest
import yaml

from harness.canary import Canary, Scanner
from harness.command_line import at_a_terminal, ownkey, variables
from harness.process import ROOT
from harness.server import NOWHERE
from harness.sim import provider_key

SCOPES = ["inference", "providers:read", "providers:write", "usage:read", "billing:read", "agents:write"]


class Person:
    """Somebody with a platform key, and everything that any command of his has printed."""

    def __init__(self, server):
        self.workspace = server.operator.create_workspace("Person")
        self.url, self.operator = server.url, server.operator
        self.secrets, self.printed = Scanner(), []
        self.key = self.new_key(*SCOPES)

    def new_key(self, *scopes: str) -> str:
        body = {"name": "a laptop", "scopes": list(scopes)}
        secret = self.operator("POST", f"{self.workspace.path}/api-keys", body, 201).json()["secret"]
        self.secrets.learn(Canary("platform key", secret, secret[:15]))
        return secret

    def provider_key(self, provider: str, behaviour: str = "ok") -> str:
        key = provider_key(provider, behaviour)
        self.secrets.learn(Canary.of_key(provider, key))
        return key

    def __call__(self, *arguments: str, ends=0, key=None, stdin="") -> str:
        done = ownkey(self.url, key or self.key, *arguments, stdin=stdin)
        assert done.returncode == ends, (arguments, done.stdout, done.stderr)
        self.printed.append(done.stdout + done.stderr)
        return done.stdout if ends == 0 else done.stderr

    def leaks(self):
        return self.secrets.scan_text("\n".join(self.printed), "what was printed")


@pytest.fixture
def person(server):
    somebody = Person(server)
    yield somebody
    assert somebody.leaks() == []


def rows(text: str) -> dict[str, list[str]]:
    """The lines of a table by their first column."""
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()[1:] if line.strip()}


def test_a_key_is_put_tested_used_and_removed(person):
    assert rows(person("keys", "list"))["openai"][0] == "none"
    key = person.provider_key("openai")
    assert "is stored (active)" in person("keys", "put", "openai", stdin=f"{key}\n")
    listed = rows(person("keys", "list"))["openai"]
    assert (listed[0], listed[2], listed[-1]) == ("active", "valid", "byok") and listed[1].startswith("sk-")
    assert person("keys", "test", "openai").startswith("openai: valid. ")
    person.workspace.ask("openai", secret=person.key)
    [total] = rows(person("usage", "--by", "payer")).items()
    assert total[0] == "byok" and total[1][0] == "1"
    # A day in the future has nothing yet; the API's own answer is one for programs.
    later = json.loads(person("usage", "--from", "2040-01-01", "--to", "2040-01-02", "--by", "hour", "--json"))
    assert (later["data"], later["from"][:10], later["group_by"]) == ([], "2040-01-01", "hour")
    assert "say --yes" in person("keys", "remove", "openai", ends=2)
    assert person.workspace.provider_keys()["openai"]["state"] == "active"
    assert "no call starts with it" in person("keys", "remove", "openai", "--yes")
    assert "not_found" in person("keys", "remove", "openai", "--yes", ends=1)


def test_models_credits_and_agents_are_told(person):
    person.operator("POST", f"{person.workspace.path}/credits/grants", {"credits": "12.5", "reason": "trial"}, 201, headers={"idempotency-key": person.workspace.id})
    models = json.loads(person("models", "--json"))
    assert models == person.workspace.api.get("/models") and models["data"]
    managed = next(model["id"] for model in models["data"] if model["usable"])
    assert rows(person("models", managed))[managed][2:4] == ["yes", "managed"]
    refused = next(model for model in models["data"] if not model["usable"])
    assert "can be called now" in person("models", managed, refused["id"], ends=1)
    # The one that there is is shown; the other by its place, for it may be a key.
    done = ownkey(person.url, person.key, "models", managed, "no-such-model", "--json")
    assert done.returncode == 1 and [model["id"] for model in json.loads(done.stdout)["data"]] == [managed]
    failure = json.loads(done.stderr)
    assert failure["code"] == "not_good" and "no. 2 of the models" in failure["detail"]
    credits = person("credits")
    assert "12.5" in credits and "trial" in credits
    assert f"agent/writer now calls {managed}" in person("agents", "set", "writer", managed)
    assert rows(person("agents", "list"))["writer"] == [managed, "no"]
    typo = ownkey(person.url, person.key, "agents", "set", "writer", "no-such-model")
    assert typo.returncode == 0 and "no model of that name" in typo.stderr
    # Whoever has read enough is no failure.
    command = ["bash", "-o", "pipefail", "-c", "ownkey models --json | head -n 1"]
    done = subprocess.run(command, env=variables(person.url, person.key), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_key_is_asked_for_without_showing_it(person):
    key, answers = person.provider_key("anthropic"), []
    put = at_a_terminal(person.url, person.key, ["keys", "put", "anthropic"], "it is not shown", key, hidden=True)
    for answer in ("n", "y"):
        answers.append(at_a_terminal(person.url, person.key, ["keys", "remove", "anthropic"], "[y/N]", answer))
    person.printed += [shown for _, shown in (put, *answers)]
    assert put[0] == 0 and "is stored (active)" in put[1]
    assert [code for code, _ in answers] == [1, 0] and "then pays for its models: managed" in answers[0][1]
    assert person.workspace.provider_keys()["anthropic"]["state"] == "none"


def test_what_went_wrong_is_said_and_how_it_ends_is_documented(person, sim):
    since, bad = sim.now(), person.provider_key("openai")
    # Nothing is sent of a key in the wrong place, and nothing of it is printed.
    for arguments in (["keys", "put", "openai", bad], ["keys", "put", bad], ["keys", "test", bad], ["agents", "set", bad.upper(), "x"]):
        said = person(*arguments, ends=2)
        assert "\n" not in said.strip(), "a sentence, and not the usage of a command"
    # Nor where no command has a place for it.
    for arguments in [
        ["keys", "test", "anthropic", bad], ["keys", "remove", "anthropic", bad], ["keys", "list", bad], ["credits", bad],
        ["agents", "list", bad], ["agents", "set", "a", "b", bad], ["usage", bad], ["usage", "--by", bad], ["keys", bad],
        [bad], [f"--{bad}"], [f"-{bad}"], ["credits", f"--{bad}"], ["credits", f"--json={bad}"], ["help", bad],
        ["completions", bad], ["keys", "put", "openai", f"--save-unverified={bad}"], ["vault", bad], ["serve", bad],
    ]:
        said = person(*arguments, ends=2)
        assert said.startswith("error: ") and "--help" in said, "it says how to use it"
    assert "[possible values: hour, day" in person("usage", "--by", bad, ends=2)
    for time in ("yesterday", "2026-13-01", bad):
        assert "such as 2026-11-01" in person("usage", "--from", time, ends=2)
    assert "ownkey models --json" in person("--json", "credits", ends=2)
    assert "'ownkey keys' requires a subcommand" in person("keys", ends=2)
    # Keys go over TLS, or stay on this machine.
    for address, what in [("http://keys.example.com", "--allow-plain-http"), (f"{person.url}/ownkey", "under a path")]:
        refused = ownkey(address, person.key, "models")
        assert refused.returncode == 2 and what in refused.stderr
    assert ownkey(NOWHERE.replace("127.0.0.1", "localhost"), person.key, "models").returncode == 3
    assert "OWNKEY_API_KEY" in ownkey(person.url, None, "models").stderr
    assert "standard input" in person("keys", "put", "openai", ends=2)
    assert sim.log(since) == []
    refused = person("keys", "put", "openai", stdin=person.provider_key("openai", "revoked"), ends=1)
    assert refused.startswith("ownkey: invalid: ") and "What to do: " in refused
    person("keys", "put", "openai", stdin=person.provider_key("openai", "noquota"))
    assert "quota_exhausted" in person("keys", "test", "openai", ends=1) + person.printed[-1]
    for key, code in ((person.new_key("inference"), "forbidden"), ("ok_" + "0" * 61, "unauthorized")):
        said = person("usage", key=key, ends=4)
        assert said.startswith(f"ownkey: {code}: ") and "What to do: " in said
    said = json.loads(person("usage", "--json", key="ok_" + "0" * 61, ends=4))
    assert (said["code"], said["status"]) == ("unauthorized", 401)
    nobody = ownkey(NOWHERE, person.key, "models")
    assert nobody.returncode == 3 and "no server answers" in nobody.stderr
    stranger = ownkey(sim.anthropic, person.key, "models")
    assert stranger.returncode == 3 and "is no Ownkey server" in stranger.stderr
    person.printed += [nobody.stderr, stranger.stderr]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_commands(shell):
    done = ownkey(NOWHERE, None, "completions", shell)
    assert done.returncode == 0 and all(word in done.stdout for word in ("keys", "remove", "usage", "vault"))


def github_steps(settings: dict) -> list[tuple[str, dict]]:
    """The steps of the workflow's jobs, in order: a script, and the variables that it is given."""
    workflow = yaml.safe_load((ROOT / "examples/ci/github-actions.yml").read_text())

    def filled(value: str) -> str:
        return re.sub(r"\$\{\{ (?:vars|secrets)\.(\w+) \}\}", lambda found: settings[found[1]], value)

    steps = [(step, workflow["env"] | step.get("env", {})) for job in workflow["jobs"].values() for step in job["steps"]]
    return [(step["run"], {name: filled(value) for name, value in given.items()}) for step, given in steps]


def gitlab_steps(settings: dict) -> list[tuple[str, dict]]:
    pipeline = yaml.safe_load((ROOT / "examples/ci/gitlab-ci.yml").read_text())
    jobs = [job for job in pipeline.values() if isinstance(job, dict)]
    jobs.sort(key=lambda job: pipeline["stages"].index(job["stage"]))
    # One shell runs a job's lines; what comes after has a shell of its own.
    scripts = [(job, job[part]) for job in jobs for part in ("script", "after_script") if part in job]
    return [("\n".join(lines), settings | job.get("variables", {})) for job, lines in scripts]


@pytest.mark.parametrize(("steps", "provider"), [(github_steps, "anthropic"), (gitlab_steps, "openai")])
def test_celune_c11_the_ci_files_do_what_they_say(person, steps, provider):
    key = person.new_key("inference", "providers:read", "providers:write", "usage:read")
    settings = {"OWNKEY_URL": person.url, "OWNKEY_API_KEY": key, "NEW_PROVIDER_KEY": person.provider_key(provider)}
    printed = []
    for script, given in steps(settings):
        environment = {"PATH": variables(person.url, key)["PATH"]} | given
        command = ["bash", "-e", "-o", "pipefail", "-c", script]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        printed.append(done.stdout + done.stderr)
    person.printed += printed
    assert len(printed) == 4 and "is stored (active)" in printed[0] and "valid" in printed[1]
    [receipt] = person.workspace.receipts()
    assert (receipt["payer"], receipt["provider"], receipt["outcome"]) == ("byok", provider, "complete")
    assert rows(printed[-1])[receipt["model"]][0] == "1", "the last step tells what it came to"

"""Paths of Ownkey's own that the contract names and that come later: said to those who are known, and to nobody else."""

import httpx
import pytest

from harness.api import LOCAL
from harness.errors import assert_problem

PATHS = ["/connections/conn_1", "/connections/conn_1/api/y"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", PATHS)
def test_products_own_paths_are_not_built_yet(server, workspace, path, method):
    def call(**headers) -> httpx.Response:
        return httpx.request(method, server.url + path, headers=headers, **LOCAL)

    for headers in (
        {"authorization": f"Bearer {workspace.secret}"},
        {"x-api-key": workspace.secret},
        {"authorization": f"Bearer {server.operator_token}"},
    ):
        assert_problem(call(**headers), 501, "not_available_yet")
    last = "x" if workspace.secret[-1] != "x" else "y"
    for headers in ({}, {"authorization": "Bearer nobody"}, {"x-api-key": workspace.secret[:-1] + last}):
        assert_problem(call(**headers), 401, "unauthorized")


@pytest.mark.parametrize("path", ["/services", "/services/", "/connections", "/connections/", "/servicesx/y"])
def test_what_names_nothing_is_no_path(server, workspace, path):
    answer = httpx.get(server.url + path, headers={"authorization": f"Bearer {workspace.secret}"}, **LOCAL)
    assert_problem(answer, 404, "not_found")

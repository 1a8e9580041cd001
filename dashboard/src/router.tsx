import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { SignedIn } from "./frame/SignedIn";
import { WorkspaceFrame } from "./frame/WorkspaceFrame";
import { NothingHere } from "./pages/NothingHere";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NothingHere,
});

/** The search parameters of these names that are text. */
function texts<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): Partial<Record<Name, string>> => {
    const given = names.filter((name) => typeof search[name] === "string").map((name) => [name, search[name]]);
    return Object.fromEntries(given);
  };
}

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => redirect({ to: "/w/$ws", params: { ws: "current" }, throw: true }),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: texts("next"),
  component: lazyRouteComponent(() => import("./pages/auth/Login"), "Login"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./pages/auth/Setup"), "Setup"),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: "/invite",
  component: lazyRouteComponent(() => import("./pages/auth/Invite"), "Invite"),
});

const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset",
  component: lazyRouteComponent(() => import("./pages/auth/Reset"), "Reset"),
});

const signedIn = createRoute({ getParentRoute: () => root, id: "signed-in", component: SignedIn });

const workspace = createRoute({
  getParentRoute: () => signedIn,
  path: "/w/$ws",
  component: WorkspaceFrame,
});

const overview = createRoute({
  getParentRoute: () => workspace,
  path: "/",
  validateSearch: texts("range"),
  component: lazyRouteComponent(() => import("./pages/overview/Overview"), "Overview"),
});

const receipts = createRoute({
  getParentRoute: () => workspace,
  path: "/receipts",
  validateSearch: texts("payer", "model", "status"),
  component: lazyRouteComponent(() => import("./pages/receipts/Receipts"), "Receipts"),
});

const receipt = createRoute({
  getParentRoute: () => workspace,
  path: "/receipts/$req",
  component: lazyRouteComponent(() => import("./pages/receipts/Receipt"), "Receipt"),
});

const usage = createRoute({
  getParentRoute: () => workspace,
  path: "/usage",
  validateSearch: texts("range", "by"),
  component: lazyRouteComponent(() => import("./pages/usage/Usage"), "Usage"),
});

const aiProviders = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/integrations/ai-providers",
  validateSearch: texts("add", "rotate", "disconnect"),
  component: lazyRouteComponent(() => import("./pages/ai-providers/AiProviders"), "AiProviders"),
});

const whoPays = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/who-pays",
  component: lazyRouteComponent(() => import("./pages/who-pays/WhoPays"), "WhoPays"),
});

const apiKeys = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/api-keys",
  validateSearch: (search): { new?: true } => (search.new === true ? { new: true } : {}),
  component: lazyRouteComponent(() => import("./pages/api-keys/ApiKeys"), "ApiKeys"),
});

const agents = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/agents",
  component: lazyRouteComponent(() => import("./pages/agents/Agents"), "Agents"),
});

const audit = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/audit",
  component: lazyRouteComponent(() => import("./pages/audit/Audit"), "Audit"),
});

const byok = createRoute({
  getParentRoute: () => root,
  path: "/settings/byok",
  component: () => (
    <Navigate to="/w/$ws/settings/integrations/ai-providers" params={{ ws: "current" }} search={{}} replace />
  ),
});

const tree = root.addChildren([
  start,
  login,
  setup,
  invite,
  reset,
  byok,
  signedIn.addChildren([
    workspace.addChildren([overview, receipts, receipt, usage, aiProviders, whoPays, apiKeys, agents, audit]),
  ]),
]);

export function makeRouter(queries: QueryClient) {
  return createRouter({ routeTree: tree, context: { queries }, defaultPreload: "intent", scrollRestoration: true });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent as loadedByRouter,
  Navigate,
  Outlet,
} from "@tanstack/react-router";
import { Failure } from "./api/failure";
import { OperatorFrame } from "./frame/OperatorFrame";
import { SignedIn } from "./frame/SignedIn";
import { Start } from "./frame/Start";
import { WorkspaceFrame } from "./frame/WorkspaceFrame";
import { PageFailed } from "./pages/PageFailed";

/**
 * A page whose script is loaded when it is first wanted. Where that can't be had, it is a failure like any other: the
 * router would reload everything, and while the server is away that leaves nothing.
 */
function lazyRouteComponent<Module extends Record<string, unknown>, Name extends keyof Module>(
  load: () => Promise<Module>,
  name: Name,
) {
  const unreachable = () => {
    throw Failure.unreachable();
  };
  return loadedByRouter(() => load().catch(unreachable), name);
}

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Outlet });

/** The search parameters of these names that are text. */
function texts<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): Partial<Record<Name, string>> => {
    const given = names.filter((name) => typeof search[name] === "string").map((name) => [name, search[name]]);
    return Object.fromEntries(given);
  };
}

/** A search parameter that is there or not; `?new` alone is enough. */
function flag<Name extends string>(name: Name) {
  return (search: Record<string, unknown>): Partial<Record<Name, true>> =>
    search[name] === true || search[name] === "" ? ({ [name]: true } as Record<Name, true>) : {};
}

type Read<T> = (search: Record<string, unknown>) => T;

/** The search parameters that either of the two reads. */
function both<A, B>(one: Read<A>, other: Read<B>): Read<A & B> {
  return (search) => ({ ...one(search), ...other(search) });
}

const signedIn = createRoute({ getParentRoute: () => root, id: "signed-in", component: SignedIn });

const start = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  component: Start,
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
  validateSearch: texts("q", "range", "payer", "model", "agent", "key", "provider", "status"),
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
  validateSearch: texts("range", "by", "show", "payer", "model", "agent", "key", "provider", "sort"),
  component: lazyRouteComponent(() => import("./pages/usage/Usage"), "Usage"),
});

const aiProviders = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/integrations/ai-providers",
  validateSearch: texts("add", "rotate", "disconnect"),
  component: lazyRouteComponent(() => import("./pages/ai-providers/AiProviders"), "AiProviders"),
});

const connections = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/integrations/connections",
  validateSearch: texts("connected", "failed", "disconnect"),
  component: lazyRouteComponent(() => import("./pages/connections/Connections"), "Connections"),
});

const whoPays = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/who-pays",
  component: lazyRouteComponent(() => import("./pages/who-pays/WhoPays"), "WhoPays"),
});

const billing = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/billing",
  validateSearch: both(texts("tab", "month"), flag("new")),
  component: lazyRouteComponent(() => import("./pages/billing/Billing"), "Billing"),
});

const budgets = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/budgets",
  validateSearch: both(texts("edit"), flag("new")),
  component: lazyRouteComponent(() => import("./pages/budgets/Budgets"), "Budgets"),
});

const apiKeys = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/api-keys",
  validateSearch: flag("new"),
  component: lazyRouteComponent(() => import("./pages/api-keys/ApiKeys"), "ApiKeys"),
});

const notifications = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/notifications",
  validateSearch: flag("new"),
  component: lazyRouteComponent(() => import("./pages/notifications/Notifications"), "Notifications"),
});

const agents = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/agents",
  component: lazyRouteComponent(() => import("./pages/agents/Agents"), "Agents"),
});

const audit = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/audit",
  validateSearch: both(texts("who", "what", "object", "range"), flag("verify")),
  component: lazyRouteComponent(() => import("./pages/audit/Audit"), "Audit"),
});

const members = createRoute({
  getParentRoute: () => workspace,
  path: "/settings/members",
  validateSearch: flag("new"),
  component: lazyRouteComponent(() => import("./pages/members/Members"), "Members"),
});

const playground = createRoute({
  getParentRoute: () => workspace,
  path: "/playground",
  validateSearch: texts("model", "agent"),
  component: lazyRouteComponent(() => import("./pages/playground/Playground"), "Playground"),
});

const help = createRoute({
  getParentRoute: () => workspace,
  path: "/help",
  component: lazyRouteComponent(() => import("./pages/help/Help"), "Help"),
});

const receiptAlias = createRoute({
  getParentRoute: () => workspace,
  path: "/r/$req",
  component: () => {
    const { ws, req } = receiptAlias.useParams();
    return <Navigate to="/w/$ws/receipts/$req" params={{ ws, req }} replace />;
  },
});

const account = createRoute({
  getParentRoute: () => signedIn,
  path: "/account",
  component: lazyRouteComponent(() => import("./pages/account/Account"), "Account"),
});

const operator = createRoute({ getParentRoute: () => signedIn, path: "/operator", component: OperatorFrame });

const workspaces = createRoute({
  getParentRoute: () => operator,
  path: "/workspaces",
  validateSearch: flag("new"),
  component: lazyRouteComponent(() => import("./pages/operator/Workspaces"), "Workspaces"),
});

const operatorWorkspace = createRoute({
  getParentRoute: () => operator,
  path: "/workspaces/$ws",
  validateSearch: texts("change"),
  component: lazyRouteComponent(() => import("./pages/operator/Workspace"), "Workspace"),
});

const services = createRoute({
  getParentRoute: () => operator,
  path: "/services",
  component: lazyRouteComponent(() => import("./pages/operator/Services"), "Services"),
});

const grants = createRoute({
  getParentRoute: () => operator,
  path: "/grants",
  validateSearch: both(texts("workspace", "state"), flag("new")),
  component: lazyRouteComponent(() => import("./pages/operator/Grants"), "Grants"),
});

const health = createRoute({
  getParentRoute: () => operator,
  path: "/health",
  component: lazyRouteComponent(() => import("./pages/operator/Health"), "Health"),
});

const plans = createRoute({
  getParentRoute: () => operator,
  path: "/plans",
  component: lazyRouteComponent(() => import("./pages/operator/Plans"), "Plans"),
});

const operatorHelp = createRoute({
  getParentRoute: () => operator,
  path: "/help",
  component: lazyRouteComponent(() => import("./pages/help/Help"), "Help"),
});

const models = createRoute({
  getParentRoute: () => operator,
  path: "/models",
  validateSearch: texts("q", "provider", "kind"),
  component: lazyRouteComponent(() => import("./pages/operator/Models"), "Models"),
});

const byok = createRoute({
  getParentRoute: () => root,
  path: "/settings/byok",
  component: () => (
    <Navigate to="/w/$ws/settings/integrations/ai-providers" params={{ ws: "current" }} search={{}} replace />
  ),
});

/** Whatever has no page: those who are signed in can search for what they meant. */
const nothing = createRoute({
  getParentRoute: () => signedIn,
  path: "/$",
  component: lazyRouteComponent(() => import("./pages/NothingHere"), "NothingHere"),
});

const tree = root.addChildren([
  login,
  setup,
  invite,
  reset,
  byok,
  signedIn.addChildren([
    start,
    account,
    nothing,
    operator.addChildren([workspaces, operatorWorkspace, plans, models, services, grants, health, operatorHelp]),
    workspace.addChildren([
      overview,
      playground,
      receipts,
      receipt,
      receiptAlias,
      usage,
      aiProviders,
      connections,
      whoPays,
      billing,
      budgets,
      apiKeys,
      notifications,
      agents,
      members,
      audit,
      help,
    ]),
  ]),
]);

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultErrorComponent: PageFailed,
    defaultPreload: "intent",
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

import { useMantineColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconBuildings,
  IconCopy,
  IconCpu,
  IconKey,
  IconMoon,
  IconPlus,
  IconReceipt,
  IconRobot,
  IconSun,
  IconTestPipe,
  IconUserCircle,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useContext } from "react";
import { api, type Verdict } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { agentsQuery, apiKeysQuery, keysQuery, modelsQuery, providersQuery } from "../../api/queries";
import { type Here, HereContext, useSession } from "../../session/context";
import { Told } from "../../ui/Told";
import { useHeldBack } from "../../ui/useHeldBack";
import { hereOf } from "../here";
import { navigation } from "../nav";
import { operatorPlaces } from "../operatorNav";
import { type Entry, pastedReceipt } from "./entry";
import { synonyms } from "./synonyms";

/** Everything that can be found now, by whoever is signed in, where he is. */
export function useEntries(query: string): Entry[] {
  const session = useSession();
  // Outside of a workspace it is about the first one.
  const here = useContext(HereContext) ?? hereOf(session, session.workspaces[0], undefined);
  const common = useCommon();
  const inside = useInside(here);
  const receipt = useReceipt(here, query);
  return [...receipt, ...inside, ...common];
}

function useCommon(): Entry[] {
  const session = useSession();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const current = useContext(HereContext);
  const dark = colorScheme === "dark";
  const operator = session.user.is_operator ? operatorPlaces : [];
  const others = session.workspaces.filter(({ id }) => id !== current?.id);
  return [
    ...operator.map(
      ({ label, to, Icon }): Entry => ({
        id: to,
        group: "Pages",
        label,
        hint: "Operator",
        words: synonyms[label],
        Icon,
        run: () => void navigate({ to, search: {} }),
      }),
    ),
    {
      id: "account",
      group: "Pages",
      label: "Account",
      words: synonyms.Account,
      Icon: IconUserCircle,
      run: () => void navigate({ to: "/account" }),
    },
    {
      id: "theme",
      group: "Actions",
      label: dark ? "Switch to the light theme" : "Switch to the dark theme",
      words: "switch theme dark light",
      Icon: dark ? IconSun : IconMoon,
      run: () => setColorScheme(dark ? "light" : "dark"),
    },
    ...["", "/v1"].map(
      (path): Entry => ({
        id: `base${path}`,
        group: "Actions",
        label: `Copy base URL for ${path ? "OpenAI" : "Anthropic"} SDKs`,
        hint: `${window.location.origin}${path}`,
        words: "copy base url endpoint address",
        Icon: IconCopy,
        run: () => void copy(`${window.location.origin}${path}`),
      }),
    ),
    ...others.map(
      ({ id, name }): Entry => ({
        id,
        group: "Workspaces",
        label: `Switch to ${name}`,
        words: "switch workspace",
        Icon: IconBuildings,
        run: () => void navigate({ to: "/w/$ws", params: { ws: id }, search: {} }),
      }),
    ),
  ];
}

async function copy(text: string) {
  const copied = await navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
  notifications.show({ message: copied ? `Copied ${text}` : `It could not be copied: ${text}` });
}

const WRITE_KEYS = "PUT /api/v1/workspaces/{ws}/provider-keys/{provider}" as const;
const TEST_KEYS = "POST /api/v1/workspaces/{ws}/provider-keys/{provider}/test" as const;
const WRITE_API_KEYS = "POST /api/v1/workspaces/{ws}/api-keys" as const;
const AI_PROVIDERS = "/w/$ws/settings/integrations/ai-providers";

function useInside(here: Here | null): Entry[] {
  const navigate = useNavigate();
  const test = useTest(here);
  const held = useHeldBack();
  const ws = here?.id ?? "";
  const enabled = here !== null;
  const models = useQuery({ ...modelsQuery(ws), enabled });
  const agents = useQuery({ ...agentsQuery(ws), enabled });
  const apiKeys = useQuery({ ...apiKeysQuery(ws), enabled });
  const providerKeys = useQuery({ ...keysQuery(ws), enabled });
  const providers = useQuery(providersQuery);
  if (!here) return [];
  const params = { ws };
  // What changes something, or leads to where that is done.
  const changing = held === undefined ? {} : { hint: held, isHeldBack: true };
  const nameOf = (id: string) => providers.data?.find((provider) => provider.id === id)?.name ?? id;
  const places = navigation.flatMap(({ places }) => places);
  const entries: Entry[] = places.map(({ label, to, Icon }) => ({
    id: to,
    group: "Pages",
    label,
    hint: here.name,
    words: synonyms[label],
    Icon,
    run: () => void navigate({ to, params, search: {} }),
  }));
  if (here.may(WRITE_KEYS)) {
    entries.push({
      id: "add-key",
      group: "Actions",
      label: "Add provider key",
      words: "byok new own key connect anthropic openai",
      Icon: IconPlus,
      ...changing,
      run: () => void navigate({ to: AI_PROVIDERS, params, search: { add: "" } }),
    });
  }
  for (const { provider, credential } of here.may(TEST_KEYS) ? (providerKeys.data ?? []) : []) {
    if (!credential) continue;
    entries.push({
      id: `test-${provider}`,
      group: "Actions",
      label: `Test ${nameOf(provider)} key`,
      words: "check works",
      Icon: IconTestPipe,
      ...changing,
      run: () => void test(provider, nameOf(provider)),
    });
  }
  if (here.may(WRITE_API_KEYS)) {
    entries.push({
      id: "new-api-key",
      group: "Actions",
      label: "New API key",
      words: "create platform token ci",
      Icon: IconKey,
      ...changing,
      run: () => void navigate({ to: "/w/$ws/settings/api-keys", params, search: { new: true } }),
    });
  }
  for (const { id, provider } of models.data ?? []) {
    const run = () => void navigate({ to: "/w/$ws/playground", params, search: { model: id } });
    entries.push({
      id: `model-${provider}-${id}`,
      group: "Models",
      label: id,
      hint: nameOf(provider),
      Icon: IconCpu,
      run,
    });
  }
  for (const { name, model } of agents.data ?? []) {
    const run = () => void navigate({ to: "/w/$ws/settings/agents", params });
    const hint = model ?? undefined;
    entries.push({ id: `agent-${name}`, group: "Agents", label: `agent/${name}`, hint, Icon: IconRobot, run });
  }
  for (const { id, name } of apiKeys.data ?? []) {
    const run = () => void navigate({ to: "/w/$ws/settings/api-keys", params, search: {} });
    entries.push({ id, group: "API keys", label: name, Icon: IconKey, run });
  }
  return entries;
}

function useReceipt(here: Here | null, query: string): Entry[] {
  const navigate = useNavigate();
  const req = pastedReceipt(query);
  if (!here || !req) return [];
  const run = () => void navigate({ to: "/w/$ws/receipts/$req", params: { ws: here.id, req } });
  return [{ id: req, group: "Receipts", label: req, hint: "Open the receipt", Icon: IconReceipt, run }];
}

function told({ title, cause, moment }: Verdict) {
  return { title: <Told text={title} moment={moment} />, message: <Told text={cause} moment={moment} /> };
}

/** Tests a stored key where one is, and says what came of it. */
function useTest(here: Here | null) {
  const queries = useQueryClient();
  return async (provider: string, name: string) => {
    const ws = here?.id ?? "";
    const id = notifications.show({ message: `Asking ${name}…`, loading: true, autoClose: false });
    try {
      const params = { path: { ws, provider } };
      const asking = api.POST("/api/v1/workspaces/{ws}/provider-keys/{provider}/test", { params, body: {} });
      const { verdict } = await answered(asking);
      notifications.update({ id, ...told(verdict), loading: false, autoClose: 8_000 });
    } catch (error) {
      const message = error instanceof Failure ? error.problem.detail : "The test failed.";
      notifications.update({ id, message, color: "red", loading: false, autoClose: 8_000 });
    }
    await queries.invalidateQueries(keysQuery(ws));
  };
}

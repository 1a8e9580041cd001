import { Button, Stack } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Webhook } from "../../api/client";
import { webhooksQuery } from "../../api/webhooks";
import { useHere, useProduct } from "../../session/context";
import { Denied } from "../../ui/Denied";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { CreateDialog } from "./CreateDialog";
import { RemoveDialog } from "./RemoveDialog";
import { SecretDialog } from "./SecretDialog";
import { WebhookCard } from "./WebhookCard";

const CREATE = "POST /api/v1/workspaces/{ws}/webhooks" as const;

export function Notifications() {
  const here = useHere();
  const product = useProduct();
  const search = useSearch({ from: "/signed-in/w/$ws/settings/notifications" });
  const navigate = useNavigate();
  const webhooks = useQuery(webhooksQuery(here.id));
  const [removing, setRemoving] = useState<Webhook | null>(null);
  const [renewing, setRenewing] = useState<Webhook | null>(null);
  const mayCreate = here.may(CREATE);
  const button = (
    <Button
      leftSection={<IconPlus size={16} stroke={1.75} />}
      w={{ base: "100%", xs: "auto" }}
      aria-disabled={!mayCreate}
      onClick={() => void (mayCreate && navigate({ to: ".", search: { new: true } }))}
    >
      Add webhook
    </Button>
  );
  return (
    <Page
      title="Notifications"
      purpose={`${product} tells your programs what needs somebody: keys that fail, budgets and credits that run out.`}
      within={here.name}
      action={button}
    >
      {!mayCreate && <Denied>Only admins can change notifications. Ask an admin of this workspace.</Denied>}
      <Loaded query={webhooks} heights={[240]}>
        {(webhooks) =>
          webhooks.length === 0 ? (
            <Empty title="Nobody is told yet" action={button}>
              Add the address of a program of yours. It gets a signed message for each thing that happens (webhooks, in
              the form of Standard Webhooks).
            </Empty>
          ) : (
            <Stack gap="lg">
              {webhooks.map((webhook) => (
                <WebhookCard key={webhook.id} webhook={webhook} onRemove={setRemoving} onRenew={setRenewing} />
              ))}
            </Stack>
          )
        }
      </Loaded>
      <CreateDialog opened={search.new === true && mayCreate} onClose={() => void navigate({ to: ".", search: {} })} />
      <SecretDialog webhook={renewing} onClose={() => setRenewing(null)} />
      <RemoveDialog webhook={removing} onClose={() => setRemoving(null)} />
    </Page>
  );
}

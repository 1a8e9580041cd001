import { Button, Select, Tabs } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useHere } from "../../session/context";
import { Page } from "../../ui/Page";
import { GrantDialog } from "../operator/GrantDialog";
import { Grants } from "./Grants";
import { Plans } from "./Plans";
import { Statement } from "./Statement";
import { Summary } from "./Summary";

const tabs = [
  { value: "summary", label: "Summary", Content: Summary },
  { value: "grants", label: "Grants", Content: Grants },
  { value: "statement", label: "Statement", Content: Statement },
  { value: "plans", label: "Plans", Content: Plans },
] as const;

const GRANT = "POST /api/v1/workspaces/{ws}/credits/grants" as const;

export function Billing() {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/settings/billing" });
  const navigate = useNavigate();
  const narrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const tab = tabs.find(({ value }) => value === search.tab) ?? tabs[0];
  const mayGrant = here.may(GRANT);
  const show = (tab: string | null) => tab && void navigate({ to: ".", search: { tab } });
  return (
    <Page
      title="Credits & billing"
      purpose="Your plan, what it includes, and where every credit went."
      within={here.name}
      action={
        mayGrant && (
          <Button
            leftSection={<IconPlus size={16} stroke={1.75} />}
            w={{ base: "100%", xs: "auto" }}
            onClick={() => void navigate({ to: ".", search: { ...search, new: true } })}
          >
            Grant credits
          </Button>
        )
      }
    >
      {narrow ? (
        <>
          <Select
            aria-label="Part"
            data={tabs.map(({ value, label }) => ({ value, label }))}
            value={tab.value}
            allowDeselect={false}
            onChange={show}
          />
          <tab.Content />
        </>
      ) : (
        <Tabs value={tab.value} onChange={show} keepMounted={false}>
          <Tabs.List mb="lg">
            {tabs.map(({ value, label }) => (
              <Tabs.Tab key={value} value={value}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {tabs.map(({ value, Content }) => (
            <Tabs.Panel key={value} value={value}>
              <Content />
            </Tabs.Panel>
          ))}
        </Tabs>
      )}
      <GrantDialog
        workspace={here}
        opened={mayGrant && search.new === true}
        onClose={() => void navigate({ to: ".", search: { ...search, new: undefined } })}
      />
    </Page>
  );
}

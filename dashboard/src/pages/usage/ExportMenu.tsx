import { Button, Group, Loader, Menu, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownload } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { Failure } from "../../api/failure";
import type { ReceiptFilter } from "../../api/queries";
import { count } from "../../format/number";
import { useHere } from "../../session/context";
import { Denied } from "../../ui/Denied";
import { useDelayed } from "../../ui/useDelayed";
import { exported, type Format, save } from "./exported";

const EXPORT = "GET /api/v1/workspaces/{ws}/usage/export" as const;
const QUIET_MS = 1_000;
const forms: { format: Format; label: string }[] = [
  { format: "csv", label: "CSV, this view" },
  { format: "jsonl", label: "JSON Lines, this view" },
];

/** Saves the calls of this view as a file. What takes long tells how far it is, and can be stopped. */
export function ExportMenu({ filter, calls }: { filter: ReceiptFilter; calls: number }) {
  const here = useHere();
  const [rows, setRows] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const isLong = useDelayed(rows !== null, QUIET_MS);
  const mayExport = here.may(EXPORT);

  async function run(format: Format) {
    const control = new AbortController();
    stop.current = control;
    setRows(0);
    try {
      save(await exported(here.id, filter, { format, onRows: setRows, signal: control.signal }), `usage.${format}`);
    } catch (error) {
      if (!control.signal.aborted) notifications.show({ message: said(error), color: "red" });
    }
    setRows(null);
  }

  if (!mayExport) return <Denied>Only admins can export calls.</Denied>;
  return (
    <Group gap="sm">
      {isLong && rows !== null && (
        <>
          <Loader size="xs" aria-hidden />
          <Text size="sm" role="progressbar" aria-label="Rows exported" aria-valuenow={rows} aria-valuemax={calls}>
            {`${count(rows)} of ${count(calls)} rows`}
          </Text>
          <Button size="compact-sm" variant="default" onClick={() => stop.current?.abort()}>
            Stop
          </Button>
        </>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconDownload size={16} stroke={1.75} aria-hidden />}
            aria-disabled={rows !== null}
          >
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {forms.map(({ format, label }) => (
            <Menu.Item key={format} disabled={rows !== null} onClick={() => void run(format)}>
              {label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

function said(error: unknown): string {
  return error instanceof Failure ? error.problem.detail : "The export broke off. Nothing was saved; try again.";
}

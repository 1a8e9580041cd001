import { Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";
import { useProduct } from "../session/context";
import classes from "./Page.module.css";

interface Props {
  title: string;
  purpose?: string;
  action?: ReactNode;
  within?: string | undefined;
  children: ReactNode;
}

/** A page: its name, what it is for, the one main action, and the rest. */
export function Page({ title, purpose, action, within, children }: Props) {
  const product = useProduct();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = [title, within, product].filter(Boolean).join(" · ");
    heading.current?.focus({ preventScroll: true });
  }, [title, within, product]);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="md">
        <Stack gap={4} maw={720}>
          <Title order={1} ref={heading} tabIndex={-1}>
            {title}
          </Title>
          {purpose && <Text c="dimmed">{purpose}</Text>}
        </Stack>
        {action && <div className={classes.action}>{action}</div>}
      </Group>
      {children}
    </Stack>
  );
}

import { Box, Group, Stack, Text, Title } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./Tone.module.css";
import type { Tone } from "./tone";

interface Props {
  tone: Tone;
  Icon: Icon;
  title: ReactNode;
  code?: string | undefined;
  /** Whether it is told to those who don't see it, and whether at once. */
  live?: boolean | "at once";
  children?: ReactNode;
  actions?: ReactNode;
}

/** Something to know: title, cause, what to do, and the code for those who must look it up. */
export function Panel({ tone, Icon, title, code, live, children, actions }: Props) {
  return (
    <Box
      className={`${classes[tone]} ${classes.panel}`}
      {...(live && { role: live === "at once" ? "alert" : "status" })}
    >
      <Group align="flex-start" gap="sm" wrap="nowrap">
        <Icon size={20} stroke={1.75} className={classes.icon} aria-hidden />
        <Stack gap="xs" miw={0} flex={1}>
          <Title order={3} size="h3">
            {title}
          </Title>
          {children}
          {actions && (
            <Group gap="xs" className={classes.actions}>
              {actions}
            </Group>
          )}
          {code && (
            <Text size="xs" c="dimmed" ff="monospace">
              {code}
            </Text>
          )}
        </Stack>
      </Group>
    </Box>
  );
}

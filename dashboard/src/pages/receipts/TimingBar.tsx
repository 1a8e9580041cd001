import { Box, Group, Stack, Text, Title } from "@mantine/core";
import type { Receipt } from "../../api/client";
import { duration, wholeDuration } from "../../format/number";
import { useProduct } from "../../session/context";
import classes from "./TimingBar.module.css";

/** Where a call's time went: one bar to scale, and the same in words. */
export function TimingBar({ timing }: { timing: Receipt["timing_ms"] }) {
  const product = useProduct();
  const waiting = timing.upstream_first ?? 0;
  const answering = Math.max(0, timing.total - waiting - timing.own);
  const parts = [
    { name: product, ms: timing.own, told: duration(timing.own), className: classes.own },
    { name: "waiting for the first word", ms: waiting, told: wholeDuration(waiting), className: classes.waiting },
    { name: "answering", ms: answering, told: wholeDuration(Math.floor(answering)), className: classes.answering },
  ];
  const whole = parts.reduce((sum, { ms }) => sum + ms, 0) || 1;
  return (
    <Stack gap="sm">
      <Title order={2} size="h3">
        Time
      </Title>
      <Box className={classes.bar} aria-hidden>
        {parts.map(({ name, ms, className }) => (
          <Box key={name} className={className} w={`max(2px, ${(100 * ms) / whole}%)`} />
        ))}
      </Box>
      <Group gap="lg">
        {parts.map(({ name, told, className }) => (
          <Group key={name} gap={6}>
            <Box className={`${classes.mark} ${className}`} aria-hidden />
            <Text size="sm">
              {name} {told}
            </Text>
          </Group>
        ))}
      </Group>
    </Stack>
  );
}

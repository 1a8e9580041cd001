import { Box, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { useProduct } from "../../session/context";
import { Logo } from "../../ui/Logo";

/** The one narrow column in which people get in. */
export function Gate({ title, purpose, children }: { title: string; purpose?: string; children: ReactNode }) {
  const product = useProduct();
  useEffect(() => {
    document.title = `${title} · ${product}`;
  }, [title, product]);
  return (
    <Box component="main" mih="100vh" px="md" py={{ base: "xl", sm: 96 }}>
      <Stack maw={380} mx="auto" gap="lg">
        <Group gap="xs">
          <Logo size={28} />
          <Text fw={600} size="lg">
            {product}
          </Text>
        </Group>
        <Stack gap={4}>
          <Title order={1}>{title}</Title>
          {purpose && <Text c="dimmed">{purpose}</Text>}
        </Stack>
        <Paper withBorder p="lg">
          {children}
        </Paper>
      </Stack>
    </Box>
  );
}

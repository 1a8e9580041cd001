import { AppShell, Burger, Container, Drawer, Group, Stack, Text } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { Logo } from "../ui/Logo";
import { AccountMenu } from "./AccountMenu";
import { Connection } from "./Connection";
import { PaletteButton } from "./palette/PaletteButton";
import { Refetching } from "./Refetching";

interface Props {
  title: string;
  /** The page one is on: on the phone there is room for nothing else. */
  page?: string | undefined;
  /** Where one is, in its place where there is room. */
  crumbs?: ReactNode;
  /** Beside the account on wide screens, on top of the navigation on phones. */
  strip?: ReactNode;
  navigation: ReactNode;
  children: ReactNode;
}

const DRAWER = "navigation";

/** Header, navigation, content: the frame around every page. */
export function Shell({ title, page, crumbs, strip, navigation, children }: Props) {
  const [opened, drawer] = useDisclosure();
  const wide = useMediaQuery("(min-width: 48em)", true, { getInitialValueInEffect: false });
  const path = useLocation({ select: (location) => location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever the page changes, the drawer has served
  useEffect(drawer.close, [path]);
  return (
    <AppShell
      header={{ height: wide ? 56 : 52 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: true } }}
      padding={{ base: "md", sm: "lg" }}
    >
      <a className="skip" href="#content">
        Skip to content
      </a>
      <AppShell.Header px="md">
        <Refetching />
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" miw={0}>
            {!wide && (
              <Burger
                opened={opened}
                onClick={drawer.toggle}
                size="sm"
                aria-label="Navigation"
                aria-expanded={opened}
                aria-controls={DRAWER}
              />
            )}
            <Logo />
            {(wide && crumbs) || (
              <Text fw={600} truncate>
                {page ?? title}
              </Text>
            )}
          </Group>
          <Group gap="sm" wrap="nowrap">
            {wide && strip}
            <PaletteButton wide={wide} />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      {wide ? (
        <AppShell.Navbar p="sm" style={{ overflowY: "auto" }}>
          <Stack gap="md" mih="100%">
            {navigation}
          </Stack>
        </AppShell.Navbar>
      ) : (
        <Drawer
          id={DRAWER}
          opened={opened}
          onClose={drawer.close}
          title={title}
          size={320}
          withinPortal={false}
          closeButtonProps={{ "aria-label": "Close the menu" }}
        >
          <Stack gap="md" pt={4} component="nav">
            {strip}
            {navigation}
          </Stack>
        </Drawer>
      )}
      <AppShell.Main id="content">
        <Container size={1152} p={0}>
          <Connection />
          {children}
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}

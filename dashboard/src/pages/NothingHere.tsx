import { Anchor, Container, Paper } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { PaletteInPlace } from "../frame/palette/PaletteInPlace";
import { Page } from "../ui/Page";

export function NothingHere() {
  return (
    <Container component="main" size="sm" py="xl">
      <Page title="There is nothing here" purpose="No page has this address. Search for what you meant.">
        <Anchor renderRoot={(props) => <Link to="/" {...props} />}>Go to Overview</Anchor>
        <Paper withBorder p="md">
          <PaletteInPlace />
        </Paper>
      </Page>
    </Container>
  );
}

import { Anchor, Container } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "../ui/Empty";

export function NothingHere() {
  return (
    <Container size="sm" py="xl">
      <Empty
        title="There is nothing here"
        action={<Anchor renderRoot={(props) => <Link to="/" {...props} />}>Go to Overview</Anchor>}
      />
    </Container>
  );
}

import { Badge, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { creditsQuery, type Grant } from "../../api/money";
import { credits, isZero } from "../../format/amount";
import { exact } from "../../format/time";
import { useHere } from "../../session/context";
import { Empty } from "../../ui/Empty";
import { Fact, Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Time } from "../../ui/Time";
import { reasonOf } from "./words";

/** What credits there are, in the order in which they are spent. */
export function Grants() {
  const here = useHere();
  const query = useQuery(creditsQuery(here.id));
  const narrow = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });
  return (
    <Loaded query={query} heights={[240]}>
      {({ grants }) => {
        if (grants.length === 0) {
          return <Empty title="No credits granted yet">Credits come with a plan or from whoever runs this.</Empty>;
        }
        return (
          <Stack gap="sm">
            <Text size="sm" c="dimmed">
              What expires soonest is spent first.
            </Text>
            {narrow ? <Items grants={grants} /> : <Rows grants={grants} />}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Rows({ grants }: { grants: readonly Grant[] }) {
  const first = grants.find(({ balance }) => !isZero(balance));
  return (
    <Paper withBorder>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th ta="right">Granted</Table.Th>
            <Table.Th ta="right">Left</Table.Th>
            <Table.Th>Reason</Table.Th>
            <Table.Th>Came</Table.Th>
            <Table.Th>Expires</Table.Th>
            <Table.Th>State</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {grants.map((grant) => (
            <Table.Tr key={grant.id}>
              <Table.Td ta="right">{credits(grant.credits)}</Table.Td>
              <Table.Td ta="right">{credits(grant.balance)}</Table.Td>
              <Table.Td>{reasonOf(grant)}</Table.Td>
              <Table.Td>
                <Time at={grant.created_at} />
              </Table.Td>
              <Table.Td>
                <Expiry at={grant.expires_at} />
              </Table.Td>
              <Table.Td>
                <State grant={grant} isFirst={grant === first} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function Items({ grants }: { grants: readonly Grant[] }) {
  const first = grants.find(({ balance }) => !isZero(balance));
  return grants.map((grant) => (
    <Paper key={grant.id} withBorder p="md">
      <Group justify="space-between" mb="xs">
        <Text fw={500}>{reasonOf(grant)}</Text>
        <State grant={grant} isFirst={grant === first} />
      </Group>
      <Facts>
        <Fact name="Left">{`${credits(grant.balance)} of ${credits(grant.credits)}`}</Fact>
        <Fact name="Expires">
          <Expiry at={grant.expires_at} />
        </Fact>
        <Fact name="Came">
          <Time at={grant.created_at} />
        </Fact>
      </Facts>
    </Paper>
  ));
}

function Expiry({ at }: { at: string | null | undefined }) {
  if (!at) return "never";
  return (
    <>
      <Time at={at} />
      <Text size="xs" c="dimmed">
        {exact(new Date(at)).split(" · ")[0]}
      </Text>
    </>
  );
}

function State({ grant, isFirst }: { grant: Grant; isFirst: boolean }) {
  const word = isZero(grant.balance) ? "Used up" : isFirst ? "Spent first" : "Waiting";
  const held = isZero(grant.held) ? null : `${credits(grant.held)} held`;
  return (
    <Group gap={6}>
      <Badge variant="default" tt="none" fw={500}>
        {word}
      </Badge>
      {held && (
        <Text size="xs" c="dimmed">
          {held}
        </Text>
      )}
    </Group>
  );
}

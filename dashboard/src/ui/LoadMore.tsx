import { Button, Center } from "@mantine/core";

interface Props {
  of: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> };
}

/** Behind the pages of a list that are shown: the way to the next, if there is one. */
export function LoadMore({ of }: Props) {
  if (!of.hasNextPage) return null;
  return (
    <Center>
      <Button variant="default" loading={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        Load more
      </Button>
    </Center>
  );
}

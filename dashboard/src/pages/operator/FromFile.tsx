import { Box, Button, Code, CopyButton, Paper, Spoiler, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { configurationQuery } from "../../api/operator";

/** Where what is shown is written down, and what to write there to change it. */
export function FromFile({ snippet }: { snippet: string }) {
  const configuration = useQuery(configurationQuery);
  const file = configuration.data?.file;
  return (
    <Paper withBorder p="lg" component="section" aria-label="Where this is set">
      <Stack gap="sm">
        <Text size="sm">
          {file ? (
            <>
              Read from <Code>{file}</Code>. Nothing is edited here: change the file, then send the server{" "}
              <Code>SIGHUP</Code>.
            </>
          ) : (
            "There is no configuration file; everything comes from variables of the environment."
          )}
        </Text>
        <Spoiler maxHeight={120} showLabel="Show the whole example" hideLabel="Show less">
          <Code block tabIndex={0}>
            {snippet}
          </Code>
        </Spoiler>
        <Box>
          <CopyButton value={snippet}>
            {({ copied, copy }) => (
              <Button variant="default" size="compact-sm" onClick={copy}>
                {copied ? "Copied" : "Copy the example"}
              </Button>
            )}
          </CopyButton>
        </Box>
      </Stack>
    </Paper>
  );
}

import { FailurePanel } from "../ui/FailurePanel";
import { Page } from "../ui/Page";

/** In place of a page whose own script did not come, or that met what it did not expect. */
export function PageFailed({ error }: { error: unknown }) {
  return (
    <Page title="This page is missing">
      <FailurePanel error={error} retry={() => void reload()} />
    </Page>
  );
}

/** Only from a server that answers: what is shown is better than what a browser shows of none. */
async function reload() {
  const answer = await fetch(window.location.href, { cache: "no-store" }).catch(() => null);
  if (answer?.ok) window.location.reload();
}

import { api } from "./client";
import { Failure } from "./failure";
import { answeredNow, silentNow } from "./reach";
import { noteWrite } from "./writes";

const READS = ["GET", "HEAD"];

/** What stands around every request: `onSignedOut` hears of the first one that nobody is signed in for any more. */
export function guard(onSignedOut: () => void): void {
  api.use({
    onRequest({ request }) {
      if (READS.includes(request.method)) return;
      // Held back here, not sent when the connection comes back: by then nobody may want it any more.
      if (!navigator.onLine) throw Failure.offline();
      noteWrite(new URL(request.url).pathname);
    },
    onResponse({ response, schemaPath }) {
      answeredNow();
      if (response.status === 401 && schemaPath !== "/api/v1/session") onSignedOut();
    },
    onError({ error }) {
      const left = error instanceof DOMException && error.name === "AbortError";
      if (!left) silentNow();
    },
  });
}

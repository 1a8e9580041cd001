import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "./theme/global.css";
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Failure } from "./api/failure";
import { guard } from "./api/guards";
import { makeRouter } from "./router";
import { sessionQuery } from "./session/session";
import { applyPreferences } from "./theme/preferences";
import { cssVariables, theme } from "./theme/theme";

const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
setNonce(nonce);

const RETRIES = 3;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Only what may pass by itself is asked again.
      retry: (failures, error) =>
        failures < RETRIES && !(error instanceof Failure && error.problem.status >= 400 && error.problem.status < 500),
    },
    mutations: { retry: false },
  },
});
// Whoever hears first that nobody is signed in any more has the page ask.
guard(() => void queries.invalidateQueries({ queryKey: sessionQuery.queryKey }));
applyPreferences();

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={localStorageColorSchemeManager({ key: "ownkey-theme" })}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-right" />
        <RouterProvider router={makeRouter(queries)} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Puts boot.js into the head as a hashed file of its own: a module would run after the first paint. */
function boot(): Plugin {
  const source = readFileSync("src/boot/boot.js", "utf8");
  const hash = createHash("sha256").update(source).digest("base64url").slice(0, 8);
  const fileName = `assets/boot-${hash}.js`;
  return {
    name: "boot",
    configureServer(server) {
      server.middlewares.use(`/${fileName}`, (_, response) => {
        response.setHeader("content-type", "text/javascript").end(source);
      });
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName, source });
    },
    transformIndexHtml: () => [{ tag: "script", attrs: { src: `/${fileName}` }, injectTo: "head-prepend" }],
  };
}

export default defineConfig({
  plugins: [boot(), react()],
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        // What most pages share is one file: many small ones compress worse.
        codeSplitting: { groups: [{ name: "shared", test: /src\/(ui|format|api|session)\//, minShareCount: 8 }] },
      },
    },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});

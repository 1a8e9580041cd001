import type { paths } from "../api/schema";

type Verb = "get" | "put" | "post" | "patch" | "delete";
type VerbsOf<Path extends keyof paths> = {
  [V in Verb]: paths[Path][V] extends object ? Uppercase<V> : never;
}[Verb];

/** A route of the API by its name, such as `PUT /api/v1/workspaces/{ws}/policy`. Only routes that are there type-check. */
export type Route = { [Path in keyof paths & string]: `${VerbsOf<Path>} ${Path}` }[keyof paths & string];

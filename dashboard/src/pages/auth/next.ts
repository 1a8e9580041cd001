/** Where to go after signing in: a path of this site, whatever the address bar says. */
export function nextPath(next: string | undefined): string {
  if (!next?.startsWith("/") || next.startsWith("//") || next.includes("\\")) return "/";
  return next;
}

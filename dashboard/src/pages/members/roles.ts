export const roles = [
  { value: "viewer", label: "Viewer" },
  { value: "member", label: "Member" },
  { value: "admin", label: "Admin" },
  { value: "owner", label: "Owner" },
];

export const meanings: Record<string, string> = {
  viewer: "Sees everything but the audit log. Changes nothing.",
  member: "Also uses the playground, and makes API keys for calling models.",
  admin: "Also changes provider keys, who pays, agents and API keys, and reads the audit log.",
  owner: "Also invites and removes people, and deletes the workspace.",
};

-- The models that a workspace has chosen for its agents: a JSON object, model by name.
ALTER TABLE workspaces ADD COLUMN agents TEXT NOT NULL DEFAULT '{}';

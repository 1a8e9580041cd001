//! `ownkey agents`.

use clap::Subcommand;
use http::Method;
use ownkey_domain::agent::AgentName;
use serde_json::json;

use crate::Session;
use crate::failure::Failure;
use crate::table::{cell, rows, table};

/// What to do with agents.
#[derive(Subcommand)]
pub enum Command {
    /// Show them, each with its model.
    List,
    /// Choose an agent's model, from its next call on. Takes the scope agents:write.
    Set {
        /// The agent's name.
        name: String,
        /// The model's id, as `ownkey models` shows it.
        model: String,
    },
}

pub(crate) async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::List => {
            let agents = session.server.get("workspaces/current/agents", &[]).await?;
            session.show(&agents, |agents| {
                table(&["AGENT", "MODEL", "DEFAULT"], rows(agents, &["/name", "/model", "/is_default"]))
            })
        }
        Command::Set { name, model } => {
            let name: AgentName = name.parse().map_err(|_| {
                Failure::Usage("an agent's name is of lower-case letters, digits, `-` and `_`; nothing was sent")
            })?;
            let path = format!("workspaces/current/agents/{name}");
            let agent = session.server.send_to(Method::PUT, &path, &json!({"model": model})).await?;
            session
                .show(&agent, |agent| format!("agent/{} now calls {}", cell(agent, "/name"), cell(agent, "/model")))?;
            let listed = session.server.get("models", &[("model", model)]).await?;
            if listed.pointer("/data/0").is_none() {
                session.warn("no model of that name is listed: if it is mistyped, the agent's calls will fail");
            }
            Ok(())
        }
    }
}

use ownkey_domain::agent::{AGENTS_MAX, AgentName};
use ownkey_store::SetAgent;
use tokio::task::JoinSet;

use crate::bed::{BY, Bed, new_workspace};

crate::on_both! { chosen_seen_by_calls_and_removed as_many_as_allowed }

fn name(text: &str) -> AgentName {
    text.parse().unwrap()
}

async fn chosen_seen_by_calls_and_removed(bed: Bed) {
    let (store, id) = (&bed.store, bed.workspace().await);
    assert!(store.agents(id).await.unwrap().unwrap().is_empty());
    assert_eq!(store.set_agent(id, &name("lead"), "gpt-4o", BY).await.unwrap(), Some(SetAgent::Added));
    assert_eq!(store.set_agent(id, &name("lead"), "o1", BY).await.unwrap(), Some(SetAgent::Changed));
    assert_eq!(store.set_agent(id, &name("lead"), "o1", BY).await.unwrap(), Some(SetAgent::Changed));
    assert_eq!(store.agents(id).await.unwrap().unwrap()[&name("lead")], "o1");
    assert_eq!(store.routing(id).await.unwrap().unwrap().agents[&name("lead")], "o1");
    let other = bed.workspace().await;
    assert!(store.routing(other).await.unwrap().unwrap().agents.is_empty());
    assert!(!store.remove_agent(other, &name("lead"), BY).await.unwrap());
    assert!(store.remove_agent(id, &name("lead"), BY).await.unwrap());
    assert!(!store.remove_agent(id, &name("lead"), BY).await.unwrap());
    let events = store.audit(Some(id), None, 10).await.unwrap().items;
    let agents: Vec<_> = events.iter().map(|event| event.action.as_str()).filter(|a| a.starts_with("agent.")).collect();
    // Newest first; what changed nothing is no event.
    assert_eq!(agents, ["agent.remove", "agent.set", "agent.set"]);
    let before: Vec<_> = events.iter().take(3).map(|event| event.detail["before"]["model"].as_str()).collect();
    assert_eq!(before, [events[1].detail["model"].as_str(), events[2].detail["model"].as_str(), None]);
    let nobody = new_workspace().id;
    assert_eq!(store.agents(nobody).await.unwrap(), None);
    assert_eq!(store.set_agent(nobody, &name("lead"), "o1", BY).await.unwrap(), None);
}

async fn as_many_as_allowed(bed: Bed) {
    let (store, id) = (&bed.store, bed.workspace().await);
    let mut adding = JoinSet::new();
    for number in 0..AGENTS_MAX {
        let store = store.clone();
        adding.spawn(async move { store.set_agent(id, &name(&format!("a{number}")), "o1", BY).await.unwrap() });
    }
    assert!(adding.join_all().await.iter().all(|set| *set == Some(SetAgent::Added)));
    assert_eq!(store.set_agent(id, &name("more"), "o1", BY).await.unwrap(), Some(SetAgent::TooMany));
    assert_eq!(store.set_agent(id, &name("a0"), "gpt-4o", BY).await.unwrap(), Some(SetAgent::Changed));
}

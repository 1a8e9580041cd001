use ownkey_domain::id::{ApiKeyId, WorkspaceId};
use ownkey_store::{Actor, AuditCheck, AuditFilter, AuditPart, By, Note};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::bed::{BY, Bed, NOW};

crate::on_both! {
    chains_verify events_cannot_be_changed a_changed_event_is_told a_missing_event_is_told a_missing_end_is_told
    every_workspace_has_a_chain events_are_filtered a_chain_is_verified_in_parts
}

async fn fill(bed: &Bed, workspace: Option<WorkspaceId>, events: u64) {
    let by = By::new(Actor::ApiKey(ApiKeyId::from_uuid(Uuid::from_u128(9))), NOW);
    for n in 0..events {
        let note = Note { workspace, action: "test", object: format!("nul\0 {n}"), detail: json!({"n": n}) };
        bed.store.note(&note, by).await.unwrap();
    }
}

/// Runs a statement behind the store's back.
pub async fn run(bed: &Bed, sql: &str) -> sqlx::Result<()> {
    let sql = AssertSqlSafe(sql.to_owned());
    if bed.config.url.starts_with("sqlite") {
        let mut c = SqliteConnection::connect(&bed.config.url).await?;
        sqlx::raw_sql(sql).execute(&mut c).await.map(drop)
    } else {
        let mut c = PgConnection::connect(&bed.config.url).await?;
        sqlx::raw_sql(sql).execute(&mut c).await.map(drop)
    }
}

/// The same, with the triggers that refuse it taken away.
pub async fn tamper(bed: &Bed, sql: &str) {
    let triggers = if bed.config.url.starts_with("sqlite") {
        "DROP TRIGGER audit_events_keep_update; DROP TRIGGER audit_events_keep_delete;"
    } else {
        "DROP TRIGGER audit_events_keep ON audit_events; DROP TRIGGER audit_events_keep_delete ON audit_events;"
    };
    run(bed, triggers).await.unwrap();
    run(bed, sql).await.unwrap();
}

async fn chains_verify(bed: Bed) {
    let workspace = bed.workspace().await;
    fill(&bed, None, 3).await;
    fill(&bed, Some(workspace), 600).await;
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Intact(3));
    assert_eq!(bed.store.audit_verify(Some(workspace)).await.unwrap(), AuditCheck::Intact(601));
    let page = bed.store.audit(Some(workspace), Some(3), 1).await.unwrap();
    assert_eq!((page.items[0].seq, page.items[0].workspace, page.more), (2, Some(workspace), true));
    assert_eq!(page.items[0].actor, ApiKeyId::from_uuid(Uuid::from_u128(9)).to_string());
    let nobody = WorkspaceId::from_uuid(Uuid::now_v7());
    assert_eq!(bed.store.audit_verify(Some(nobody)).await.unwrap(), AuditCheck::Intact(0));
}

async fn a_chain_is_verified_in_parts(bed: Bed) {
    let workspace = bed.workspace().await;
    fill(&bed, Some(workspace), 9).await;
    let part = async |after| bed.store.audit_verify_part(Some(workspace), after, 4).await.unwrap();
    let whole = |checked, next_after| AuditPart { check: AuditCheck::Intact(checked), events: 10, next_after };
    assert_eq!([part(0).await, part(4).await, part(8).await], [whole(4, Some(4)), whole(4, Some(8)), whole(2, None)]);
    assert_eq!(part(10).await, whole(0, None));
    assert_eq!(part(11).await.check, AuditCheck::Broken(11));
    tamper(&bed, "UPDATE audit_events SET actor = 'system' WHERE seq = 6").await;
    let checks = [part(0).await, part(4).await].map(|part| part.check);
    assert_eq!(checks, [AuditCheck::Intact(4), AuditCheck::Broken(6)]);
    run(&bed, "DELETE FROM audit_events WHERE seq = 4").await.unwrap();
    assert_eq!(part(4).await.check, AuditCheck::Broken(4));
    run(&bed, "DELETE FROM audit_events WHERE seq > 7").await.unwrap();
    assert_eq!(part(7).await.check, AuditCheck::Broken(8));
}

async fn events_cannot_be_changed(bed: Bed) {
    fill(&bed, None, 1).await;
    assert!(run(&bed, "UPDATE audit_events SET actor = 'x'").await.is_err());
    assert!(run(&bed, "DELETE FROM audit_events").await.is_err());
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Intact(1));
}

async fn a_changed_event_is_told(bed: Bed) {
    fill(&bed, None, 5).await;
    tamper(&bed, "UPDATE audit_events SET actor = 'system' WHERE seq = 3").await;
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Broken(3));
}

async fn a_missing_event_is_told(bed: Bed) {
    fill(&bed, None, 5).await;
    tamper(&bed, "DELETE FROM audit_events WHERE seq = 5").await;
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Broken(5));
    run(&bed, "DELETE FROM audit_events WHERE seq = 2").await.unwrap();
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Broken(2));
}

async fn a_missing_end_is_told(bed: Bed) {
    let workspace = bed.workspace().await;
    fill(&bed, None, 5).await;
    run(&bed, "DELETE FROM audit_heads").await.unwrap();
    assert_eq!(bed.store.audit_verify(None).await.unwrap(), AuditCheck::Broken(1));
    // Also if nothing is left at all.
    tamper(&bed, "DELETE FROM audit_events").await;
    assert_eq!(bed.store.audit_verify(Some(workspace)).await.unwrap(), AuditCheck::Broken(1));
}

async fn every_workspace_has_a_chain(bed: Bed) {
    let (one, gone, last) = (bed.workspace().await, bed.workspace().await, bed.workspace().await);
    fill(&bed, None, 1).await;
    assert!(bed.store.delete_workspace(gone, BY).await.unwrap());
    assert_eq!(bed.store.audited(None, 2).await.unwrap(), [one, gone]);
    assert_eq!(bed.store.audited(Some(gone), 2).await.unwrap(), [last]);
}

async fn events_are_filtered(bed: Bed) {
    let workspace = bed.workspace().await;
    fill(&bed, Some(workspace), 3).await;
    let actor = ApiKeyId::from_uuid(Uuid::from_u128(9)).to_string();
    let text = |text: &str| Some(text.to_owned());
    let any = AuditFilter::default;
    let later = NOW.plus_millis(1);
    for (filter, expected) in [
        (any(), 4),
        (AuditFilter { actor: Some(actor), from: Some(NOW), to: Some(later), ..any() }, 3),
        (AuditFilter { action: text("workspace"), ..any() }, 1),
        (AuditFilter { action: text("workspace.create"), ..any() }, 1),
        (AuditFilter { action: text("work"), ..any() }, 0),
        (AuditFilter { action: text("test"), object: text("nul\u{fffd} 1"), ..any() }, 1),
        (AuditFilter { from: Some(later), ..any() }, 0),
        (AuditFilter { to: Some(NOW), ..any() }, 0),
    ] {
        let found = bed.store.audit_of(Some(workspace), &filter, None, 10).await.unwrap();
        assert_eq!(found.items.len(), expected, "{filter:?}");
    }
    let page = bed.store.audit_of(Some(workspace), &AuditFilter { action: text("test"), ..any() }, Some(4), 1).await;
    let page = page.unwrap();
    assert_eq!((page.items[0].seq, page.more), (3, true));
    assert_eq!(bed.store.audit_begins(Some(workspace)).await.unwrap(), Some(NOW));
    assert_eq!(bed.store.audit_begins(None).await.unwrap(), None);
}

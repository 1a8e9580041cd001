//! Two nodes on one PostgreSQL: what one changes, the other hears in time.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::provider::Provider;
use ownkey_store::{Change, ChangeKind, News, Store, TRUSTED_FOR};
use tokio::sync::{mpsc, oneshot, watch};

use crate::bed::{BY, Bed, new_api_key, new_credential};

/// What a node has heard of others.
struct Node {
    store: Store,
    heard: Arc<Mutex<Vec<Change>>>,
    news: watch::Receiver<(u32, Option<Instant>)>,
    task: tokio::task::JoinHandle<()>,
    standing: mpsc::Sender<Standing>,
}

/// Word that the feed stands still, and until when.
type Standing = (oneshot::Sender<()>, oneshot::Receiver<()>);

impl Node {
    async fn beside(bed: &Bed) -> Self {
        let store = bed.beside().await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        store.on_change(Box::new(move |change| told.lock().unwrap().push(*change)));
        let (tell, news) = watch::channel((0, None));
        let feed = store.feed().unwrap();
        let feed = feed.run(move |news| {
            tell.send_modify(|(lost, read)| match news {
                News::LostTrack => *lost += 1,
                News::Read(at) => *read = Some(at),
            });
        });
        let (standing, stand) = mpsc::channel(1);
        let task = tokio::spawn(run(feed, stand));
        let mut node = Self { store, heard, news, task, standing };
        node.read_after(Instant::now()).await;
        node
    }

    /// Waits until the feed was read at a later moment.
    async fn read_after(&mut self, moment: Instant) {
        let read = self.news.wait_for(|(_, read)| read.is_some_and(|read| read > moment));
        tokio::time::timeout(Duration::from_secs(20), read).await.unwrap().unwrap();
    }

    /// Lets the feed stand still, as that of a stopped process does, until the sender is dropped.
    async fn stand_still(&self) -> oneshot::Sender<()> {
        let ((stands, standing), (release, released)) = (oneshot::channel(), oneshot::channel());
        self.standing.send((stands, released)).await.unwrap();
        standing.await.unwrap();
        release
    }

    /// How often the feed has lost track.
    fn lost(&self) -> u32 {
        self.news.borrow().0
    }

    fn has_heard(&self, kind: ChangeKind, workspace: WorkspaceId) -> bool {
        self.heard.lock().unwrap().iter().any(|change| change.kind == kind && change.workspace == workspace)
    }
}

async fn run(feed: impl Future<Output = ()>, mut stand: mpsc::Receiver<Standing>) {
    let mut feed = pin!(feed);
    loop {
        tokio::select! {
            biased;
            Some((stands, released)) = stand.recv() => {
                stands.send(()).unwrap();
                // Dropped is as good as sent.
                let _ = released.await;
            }
            () = &mut feed => {}
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn sqlite_has_no_other_nodes() {
    assert!(Bed::sqlite().await.store.feed().is_none());
}

#[tokio::test]
async fn a_removal_answers_when_every_node_has_heard_or_trusts_nothing() {
    let Some(bed) = Bed::postgres().await else { return };
    let (deaf, other) = (Node::beside(&bed).await, Node::beside(&bed).await);
    let workspace = bed.workspace().await;
    bed.store.put_credential(&new_credential(workspace, b"sealed"), BY).await.unwrap();
    // One node stops to read just before.
    deaf.task.abort();
    let last_read = deaf.news.borrow().1.unwrap();
    let before = Instant::now();
    bed.store.remove_credential(workspace, (Provider::Anthropic, None), BY).await.unwrap();
    assert!(before.elapsed() >= TRUSTED_FOR && last_read.elapsed() > TRUSTED_FOR);
    assert!(other.has_heard(ChangeKind::Credential, workspace));
}

#[tokio::test]
async fn what_nobody_can_remember_answers_at_once() {
    let Some(bed) = Bed::postgres().await else { return };
    let mut other = Node::beside(&bed).await;
    let before = Instant::now();
    let workspace = bed.workspace().await;
    bed.store.create_api_key(&new_api_key(workspace), BY).await.unwrap();
    assert!(before.elapsed() < TRUSTED_FOR);
    other.read_after(Instant::now()).await;
    assert!(other.has_heard(ChangeKind::Workspace, workspace) && other.has_heard(ChangeKind::ApiKey, workspace));
}

#[tokio::test]
async fn a_lost_connection_is_told_and_replaced() {
    let Some(bed) = Bed::postgres().await else { return };
    let mut node = Node::beside(&bed).await;
    let lost = node.news.borrow().0;
    bed.cut_connections().await;
    node.news.wait_for(|(now, _)| *now > lost).await.unwrap();
    // Told by the new connection, from the number it began with.
    let workspace = bed.workspace().await;
    node.read_after(Instant::now()).await;
    assert!(node.has_heard(ChangeKind::Workspace, workspace));
    assert_eq!(node.store.latest_change().await.unwrap(), bed.store.latest_change().await.unwrap());
}

#[tokio::test]
async fn whoever_stood_still_begins_anew() {
    let Some(bed) = Bed::postgres().await else { return };
    let workspace = bed.workspace().await;
    bed.store.put_credential(&new_credential(workspace, b"sealed"), BY).await.unwrap();
    let mut node = Node::beside(&bed).await;
    let (lost, release) = (node.lost(), node.stand_still().await);
    // This takes as long as the trust lasts, and more.
    bed.store.remove_credential(workspace, (Provider::Anthropic, None), BY).await.unwrap();
    drop(release);
    node.read_after(Instant::now()).await;
    assert_eq!(node.lost(), lost + 1);
    // That is no habit.
    node.read_after(Instant::now()).await;
    assert_eq!(node.lost(), lost + 1);
}

#[tokio::test]
async fn changes_that_went_unread_are_missed() {
    let Some(bed) = Bed::postgres().await else { return };
    let seen = bed.workspace().await;
    let mut node = Node::beside(&bed).await;
    let (lost, release) = (node.lost(), node.stand_still().await);
    let unread = bed.workspace().await;
    bed.workspace().await;
    // However short a time that was, and whatever deleted them.
    bed.execute("DELETE FROM changes WHERE seq < (SELECT MAX(seq) FROM changes)").await;
    drop(release);
    node.read_after(Instant::now()).await;
    assert_eq!(node.lost(), lost + 1);
    assert!(!node.has_heard(ChangeKind::Workspace, unread) && !node.has_heard(ChangeKind::Workspace, seen));
}

#[tokio::test]
async fn many_changes_at_once_are_all_heard_in_order() {
    let Some(bed) = Bed::postgres().await else { return };
    let mut other = Node::beside(&bed).await;
    let mut made = Vec::new();
    for _ in 0..40 {
        made.push(bed.workspace().await);
    }
    other.read_after(Instant::now()).await;
    let heard: Vec<_> = other.heard.lock().unwrap().iter().map(|change| change.workspace).collect();
    assert_eq!(heard, made);
}

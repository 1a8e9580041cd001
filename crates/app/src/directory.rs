//! The data plane's memory of the store, and what keeps it true: changes of this process are told before they answer,
//! those of other nodes come by the feed, and while that is silent nothing remembered is used.

use std::sync::Arc;

use ownkey_gateway::directory::{Directory, Trust};
use ownkey_store::{Feed, News, Store, TRUSTED_FOR};

use crate::source::{self, StoreSource};

/// The directory of that store, for so many workspaces. Where there may be other nodes it follows their changes, as long as
/// the process lives.
pub fn follow(store: &Store, workspaces_max: usize) -> Arc<Directory> {
    let directory = Directory::new(Box::new(StoreSource(store.clone())), workspaces_max);
    let Some(feed) = store.feed() else { return tell(store, directory) };
    let trust = Arc::new(Trust::until_extended());
    let directory = tell(store, directory.while_trusted(Arc::clone(&trust)));
    tokio::spawn(read(feed, Arc::clone(&directory), trust));
    directory
}

fn tell(store: &Store, directory: Directory) -> Arc<Directory> {
    let directory = Arc::new(directory);
    let told = Arc::clone(&directory);
    store.on_change(Box::new(move |change| source::tell(&told, change)));
    directory
}

async fn read(feed: Feed, directory: Arc<Directory>, trust: Arc<Trust>) {
    feed.run(move |news| match news {
        News::LostTrack => directory.forget_all(),
        News::Read(at) => trust.extend(at + TRUSTED_FOR),
    })
    .await;
}

//! What ends calls that are under way: the server stops, or whoever they are made for may not call any more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::directory::{Caller, Directory, Workspace};
use crate::error::{Code, Error};

/// How soon a call looks again that could not find out whether its key is still good.
const NEXT_LOOK: Duration = Duration::from_secs(1);

/// The ends that a call may come to from outside.
pub struct Stop {
    cut_off: watch::Receiver<bool>,
    directory: Arc<Directory>,
    caller: Arc<Caller>,
    workspace: Option<Arc<Workspace>>,
}

impl Stop {
    /// Those of a call of that caller.
    pub fn new(cut_off: watch::Receiver<bool>, directory: &Arc<Directory>, caller: &Arc<Caller>) -> Self {
        Self { cut_off, directory: Arc::clone(directory), caller: Arc::clone(caller), workspace: None }
    }

    /// The same, once it is known for which workspace the call is: with a service key it is not the caller's own.
    #[must_use]
    pub fn of(self, workspace: &Arc<Workspace>) -> Self {
        Self { workspace: Some(Arc::clone(workspace)), ..self }
    }

    /// Does the work, unless the call is ended before it is done.
    pub fn unless<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, Error>> {
        Unless { work, called: self.called() }
    }

    /// Resolves when the call must end, with what its caller is told.
    pub async fn called(&mut self) -> Error {
        let Self { cut_off, directory, caller, workspace } = self;
        tokio::select! {
            // The sender goes only with the whole gateway.
            _ = cut_off.wait_for(|stop| *stop) => Error::overloaded("The server is stopping. Try again."),
            () = shut_out(directory, caller, workspace) => {
                Error::new(Code::Unauthorized, "The platform key was revoked, or the workspace deleted, during the call.")
            }
        }
    }
}

pin_project! {
    /// Work that is left off when its call must end. An `async fn` would have room for the work twice.
    struct Unless<W, C> {
        #[pin]
        work: W,
        #[pin]
        called: C,
    }
}

impl<T, W, C> Future for Unless<W, C>
where
    W: Future<Output = Result<T, Error>>,
    C: Future<Output = Error>,
{
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.work.poll(context) {
            Poll::Pending => this.called.poll(context).map(Err),
            done => done,
        }
    }
}

/// Resolves when the caller's key or the workspace is gone. What is only forgotten is looked up again; while it can't
/// be, the call goes on: it was allowed when it began, and nothing says otherwise.
async fn shut_out(directory: &Directory, caller: &mut Arc<Caller>, workspace: &mut Option<Arc<Workspace>>) {
    loop {
        match &*workspace {
            None => caller.known.over().await,
            Some(workspace) => tokio::select! {
                () = caller.known.over() => {}
                () = workspace.known.over() => {}
            },
        }
        match directory.look_again(caller, workspace.as_deref()).await {
            Ok(Some(found)) => (*caller, *workspace) = found,
            Ok(None) => return,
            Err(_) => sleep(NEXT_LOOK).await,
        }
    }
}

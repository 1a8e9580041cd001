//! Whoever writes an answer out: the task of a connection, or over HTTP/2 that of one stream. hyper asks a body for
//! more only while the caller takes what is there, so neither an answer nor its call can see that he takes nothing;
//! the writer can, and lets him go.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a caller who takes nothing has for the last words of an answer that was ended.
const LAST_CHANCE: Duration = Duration::from_secs(5);

tokio::task_local! {
    static CURRENT: Arc<Writer>;
}

/// How the caller takes what is written to him.
#[derive(Debug)]
pub struct Writer {
    patience: Duration,
    now: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when he takes nothing of what is there for him.
    stuck_since: Option<Instant>,
    /// When the answer was ended that is being written.
    ended_at: Option<Instant>,
    /// Of a task that waits for the caller, to be told of that end.
    waiting: Option<Waker>,
}

impl Writer {
    /// To a caller who may take nothing for that long.
    pub fn new(patience: Duration) -> Arc<Self> {
        Arc::new(Self { patience, now: Mutex::default() })
    }

    /// That of the task that this runs in: the one which writes what is answered here. There is none outside of
    /// connections.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Does the work of a task that writes.
    pub fn write(self: Arc<Self>, work: impl Future<Output = ()>) -> impl Future<Output = ()> {
        CURRENT.scope(self, work)
    }

    /// The caller takes no more for now.
    pub fn stuck(&self) {
        self.state().stuck_since.get_or_insert_with(Instant::now);
    }

    /// He took what was there, and there is more for him now.
    pub fn more(&self) {
        self.state().stuck_since = Some(Instant::now());
    }

    /// He took some.
    pub fn taken(&self) {
        self.state().stuck_since = None;
    }

    /// Whether he takes no more for now.
    pub fn is_stuck(&self) -> bool {
        self.state().stuck_since.is_some()
    }

    /// The answer was ended, and the caller shall be told so if he takes it soon.
    pub fn end(&self) {
        let mut state = self.state();
        state.ended_at.get_or_insert_with(Instant::now);
        let waiting = state.waiting.take();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// When the caller is let go, unless he takes something before. Whoever asks is woken if that comes nearer.
    pub fn deadline(&self, context: &Context<'_>) -> Option<Instant> {
        let mut state = self.state();
        let since = state.stuck_since?;
        state.waiting = Some(context.waker().clone());
        Some(state.ended_at.map_or(since + self.patience, |ended| since.max(ended) + LAST_CHANCE))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the streams of HTTP/2 connections. Dropping one resets it, and nothing else on its connection.
#[derive(Debug, Clone)]
pub struct Streams {
    /// How long a peer may take nothing of one.
    pub patience: Duration,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let connection = Writer::current();
        let writer = Writer::new(self.patience);
        let written = Arc::clone(&writer);
        tokio::spawn(writer.write(async move {
            let is_let_go = while_taken(stream, &written).await.is_err();
            // A reset is of no use to a peer that takes nothing of any stream.
            if let Some(connection) = connection.filter(|connection| is_let_go && connection.is_stuck()) {
                connection.end();
            }
        }));
    }
}

/// A caller took nothing for too long.
struct LetGo;

/// Drives a stream until it ends or its caller is let go.
async fn while_taken(stream: impl Future<Output = ()>, writer: &Writer) -> Result<(), LetGo> {
    let mut stream = pin!(stream);
    // Made only for a caller who once took nothing.
    let mut timer = None;
    poll_fn(|context| {
        if stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let Some(deadline) = writer.deadline(context) else { return Poll::Pending };
        passed(deadline, &mut timer, context).map(|()| Err(LetGo))
    })
    .await
}

fn passed(deadline: Instant, timer: &mut Option<Pin<Box<Sleep>>>, context: &mut Context<'_>) -> Poll<()> {
    let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
    if timer.deadline() != deadline {
        timer.as_mut().reset(deadline);
    }
    ready!(timer.as_mut().poll(context));
    Poll::Ready(())
}

//! Work whose time grows with a request's body, done where it holds up no other call.

use ownkey_providers::form::Payload;

use crate::error::Error;
use crate::read::RequestBody;

/// Bodies up to this are worked on where the call is: that takes a millisecond or two, about as long as handing it
/// over may. Larger ones go to a thread that is there to be blocked.
const IN_PLACE_BYTES: usize = 256 << 10;

/// Does the work on a body. Its room is held until the work is done, also if the caller leaves meanwhile.
pub async fn on_body<T: Send + 'static>(
    body: &RequestBody,
    work: impl FnOnce(Payload<'_>) -> T + Send + 'static,
) -> Result<T, Error> {
    if body.bytes.len() <= IN_PLACE_BYTES {
        return Ok(work(body.payload()));
    }
    let body = body.clone();
    match tokio::task::spawn_blocking(move || work(body.payload())).await {
        Ok(done) => Ok(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::overloaded("The server is stopping. Try again shortly.")),
        },
    }
}

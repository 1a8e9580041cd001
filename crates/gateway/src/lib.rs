//! The data plane: one file per step of a call, and `Gateway::carry`, which takes the steps
//! in order. It can't run SQL, because it does not know the store: it is given a [`directory::Source`],
//! a [`ledger::Ledger`] and a source of [`connections::Tokens`].

pub mod client;
pub mod connections;
pub mod cors;
pub mod directory;
pub mod edge;
pub mod error;
pub mod gateway;
pub mod ledger;
pub mod limits;
pub mod metrics;
pub mod rates;
pub mod services;
pub mod target;
pub mod upstream;

#[doc(hidden)]
pub mod fuzzing;

mod admit;
mod agents;
mod answer;
mod aside;
mod below;
mod body;
mod call;
mod charge;
mod decide;
mod dispatch;
mod echo;
mod failure;
mod fallback;
mod forward;
mod funds;
mod headers;
mod identify;
mod models;
mod open;
mod plane;
mod read;
mod references;
mod relay;
mod rest;
mod service;
mod settle;
mod short;
mod stop;
mod stored;

mod terms;
mod upload;

pub use body::Body;
pub use gateway::{Gateway, Parts};
pub use plane::Plane;
pub use read::BodyRoom;
pub use rest::Rest;

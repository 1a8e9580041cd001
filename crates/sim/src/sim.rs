//! Everything the ports share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::cache::Cache;
use crate::call::Call;
use crate::identity::Identity;
use crate::key::Keys;
use crate::log::{Log, Mark, Recorder};
use crate::provider::Provider;
use crate::reply::{Content, Reply};
use crate::schema::Schemas;
use crate::shelf::Shelf;
use crate::{anthropic, openai, service};

/// The state of a running simulator.
pub struct Sim {
    /// What keys do.
    pub keys: Keys,
    /// What happened.
    pub log: Arc<Log>,
    /// What prompts were seen.
    pub cache: Cache,
    /// Responses that are kept.
    pub responses: Shelf,
    /// Chat completions that are kept.
    pub completions: Shelf,
    /// Files that are kept.
    pub files: Shelf,
    anthropic: Schemas,
    openai: Schemas,
    service: Schemas,
    failing: Mutex<HashMap<String, u64>>,
    /// The identity provider.
    pub identity: Arc<Identity>,
}

impl Sim {
    /// A simulator that writes ended calls to this file too.
    pub fn new(file: Option<std::fs::File>) -> Self {
        Self {
            keys: Keys::default(),
            log: Arc::new(Log::new(file)),
            cache: Cache::default(),
            responses: Shelf::default(),
            completions: Shelf::default(),
            files: Shelf::default(),
            anthropic: Schemas::parse(include_str!("../data/anthropic.json"), false),
            openai: Schemas::parse(include_str!("../data/openai.json"), true),
            // It takes any JSON.
            service: Schemas::parse("{}", false),
            failing: Mutex::default(),
            identity: Arc::default(),
        }
    }

    /// The schemas of a provider.
    pub fn schemas(&self, provider: Provider) -> &Schemas {
        match provider {
            Provider::Anthropic => &self.anthropic,
            Provider::OpenAi => &self.openai,
            Provider::Service => &self.service,
        }
    }

    /// How many requests of a tag have come, this one included.
    pub fn failures(&self, tag: &str) -> u64 {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failing.entry(tag.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// The answer to a request.
    pub fn answer(&self, call: &Call, recorder: &mut Recorder) -> Reply {
        match call.provider {
            Provider::Anthropic => anthropic::answer(self, call, recorder),
            Provider::OpenAi => openai::answer(self, call, recorder),
            Provider::Service => service::answer(self, call, recorder),
        }
    }

    /// An answer of a status, without a body.
    pub fn empty(&self, call: &Call, status: u16) -> Reply {
        let mut reply = self.plain_error(call, status);
        reply.headers.remove("content-type");
        reply.content = Content::Whole(Bytes::new(), Mark::default());
        reply
    }

    /// The provider's error of a status.
    pub fn plain_error(&self, call: &Call, status: u16) -> Reply {
        match call.provider {
            Provider::Anthropic => anthropic::error::of_status(call, status),
            Provider::OpenAi => openai::error::of_status(call, status),
            Provider::Service => service::of_status(call, status),
        }
    }
}

//! What a workspace's next call does, told before there is one: who pays, or why it fails. By the very decision that calls
//! go by, and by what is known of keys and credits.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::budget::Budget;
use ownkey_domain::catalogue::{Catalogue, Resolved};
use ownkey_domain::ledger::{Account, AccountId, Amount};
use ownkey_domain::money::MicroCredits;
use ownkey_domain::payer::{KeyState, PayerKind};
use ownkey_domain::period::Period;
use ownkey_domain::plan::{Managed, Plan};
use ownkey_domain::policy::{Fallback, FallbackClass, PayerPolicy};
use ownkey_domain::provider::Provider;
use ownkey_domain::standing::{Offer, Standing};
use ownkey_store::Workspace;
use serde::Serialize;

use crate::control::Control;
use crate::failing::Failing;
use crate::models::Reason;
use crate::problem::Problem;

/// What the next call does.
#[derive(Clone, Serialize, utoipa::ToSchema)]
#[schema(as = PayerOutlook)]
pub(crate) struct PayerView {
    /// `byok` or `managed`; null if calls fail.
    #[schema(value_type = Option<String>)]
    payer: Option<PayerKind>,
    /// What managed access costs, where it pays or would: `included` or `credits`.
    #[schema(value_type = Option<String>)]
    managed: Option<Managed>,
    /// Whether calls go out on the own key, whatever comes of that.
    on_own_key: bool,
    /// The failure of the own key for which managed access steps in, by the workspace's consent: `rate_limited`,
    /// `unavailable` or `quota_exhausted`. Null where the own key has no part in it, or serves.
    #[schema(value_type = Option<String>)]
    fallback: Option<FallbackClass>,
    /// Why calls fail, where they do.
    reason: Option<Reason>,
}

/// A workspace as calls find it, or as they would under another plan or policy.
pub(crate) struct Outlook {
    plan: Plan,
    features: Vec<String>,
    policy: PayerPolicy,
    consent: Fallback,
    /// What the consent covers on this day is used up.
    is_capped: bool,
    /// The credits that calls may draw on; absent where they draw on none.
    free: Option<MicroCredits>,
    /// All its credits, held or not, with the allowance that is due.
    balance: MicroCredits,
    /// What is used of its budgets.
    budgets: Vec<(Budget, Amount)>,
}

/// A call, as far as it matters to who pays.
pub(crate) struct NextCall<'a> {
    /// The model it names.
    pub(crate) named: Option<Resolved<'a>>,
    /// What there is at the provider.
    pub(crate) offer: Offer,
    /// How calls fail on the own key, if they do.
    pub(crate) failing: Option<Failing>,
    /// Whether managed access pays in any case.
    pub(crate) always_managed: bool,
    /// Whether nobody bills it.
    pub(crate) is_free: bool,
    /// Whether managed access serves it.
    pub(crate) can_be_managed: bool,
}

impl<'a> NextCall<'a> {
    /// Of a model that has no rules of its own.
    pub(crate) fn at(control: &Control, provider: Provider, key: KeyState, failing: Option<Failing>) -> Self {
        let offer = Offer { key, operator_key: control.has_operator_key(provider), priced: true };
        Self::of(None, offer, failing)
    }

    /// Of that model.
    pub(crate) const fn of(named: Option<Resolved<'a>>, offer: Offer, failing: Option<Failing>) -> Self {
        Self { named, offer, failing, always_managed: false, is_free: false, can_be_managed: true }
    }
}

impl Outlook {
    /// Of a workspace as it is.
    pub(crate) async fn of(control: &Control, workspace: &Workspace) -> Result<Self, Problem> {
        let (plan, now) = (control.plan(&workspace.plan), control.now());
        let draw = plan.draw(now, workspace.period_anchor);
        let credits = control.store().credits(workspace.id, now).await?;
        let before = credits.balance();
        let purses: Vec<Account> = credits.purses.into_iter().map(|purse| purse.account).collect();
        let consent = workspace.fallback.clone();
        let accounts = control.store().budget_accounts(workspace.id).await?;
        let used = |id: AccountId| {
            let account = accounts.iter().find(|account| account.id == id);
            account.map(Account::counted_or_held).unwrap_or_default()
        };
        let today = AccountId::Fallback(workspace.id, Period::day(now).start);
        let budgets = control.store().budgets(workspace.id).await?.unwrap_or_default();
        let with_use = |budget: Budget| {
            let used = used(budget.line(workspace.id, now).account);
            (budget, used)
        };
        Ok(Self {
            features: workspace.features.clone(),
            policy: workspace.policy,
            is_capped: consent.daily_cap_usd.is_some_and(|cap| used(today) >= Amount::from(cap)),
            consent,
            free: draw.free(&purses, now),
            balance: MicroCredits::new(before.get().saturating_add(draw.due(&purses, now).get())),
            budgets: budgets.into_iter().map(with_use).collect(),
            plan,
        })
    }

    /// Of a workspace that is made now.
    pub(crate) fn of_a_new_workspace(control: &Control) -> Self {
        let plan = control.plan(control.default_plan().unwrap_or_default());
        let draw = plan.draw(control.now(), None);
        Self {
            plan,
            features: Vec::new(),
            policy: PayerPolicy::default(),
            consent: Fallback::default(),
            is_capped: false,
            free: draw.free(&[], control.now()),
            balance: MicroCredits::new(draw.due(&[], control.now()).get()),
            budgets: Vec::new(),
        }
    }

    /// The same under another policy, with that consent.
    pub(crate) fn under(self, policy: PayerPolicy, consent: Fallback) -> Self {
        Self { policy, consent, ..self }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) const fn balance(&self) -> MicroCredits {
        self.balance
    }

    pub(crate) fn standing(&self) -> Standing<'_> {
        Standing { plan: &self.plan, features: &self.features, policy: self.policy }
    }

    /// Who is to pay for a call by plan, policy and keys, whether or not that comes off.
    pub(crate) fn rule(&self, catalogue: &Catalogue, call: &NextCall<'_>) -> Result<PayerKind, Reason> {
        let standing = self.standing();
        let policy = if call.always_managed { PayerPolicy::ManagedOnly } else { standing.policy };
        let payer = Standing { policy, ..standing }.decide(catalogue, call.named.as_ref(), &call.offer)?.kind();
        if payer == PayerKind::Managed && !call.can_be_managed {
            let message = "managed access does not serve this path, since it could not be priced".to_owned();
            return Err(Reason { code: "feature_not_priced", message });
        }
        Ok(payer)
    }

    /// What the call does.
    pub(crate) fn next(&self, catalogue: &Catalogue, call: &NextCall<'_>) -> PayerView {
        self.told(catalogue, call).1
    }

    /// Who is to pay for the call, and what comes of that.
    pub(crate) fn told(&self, catalogue: &Catalogue, call: &NextCall<'_>) -> (Result<PayerKind, Reason>, PayerView) {
        let rule = self.rule(catalogue, call);
        let view = match &rule {
            Err(reason) => PayerView::failing(reason.clone()),
            Ok(PayerKind::Managed) => self.managed(call),
            Ok(PayerKind::Byok) => match (self.stopped(PayerKind::Byok, call), call.failing) {
                (Some(reason), _) => PayerView::failing(reason),
                (None, None) => PayerView { on_own_key: true, ..PayerView::paid(PayerKind::Byok) },
                (None, Some(failing)) => self.in_place_of_key(catalogue, call, failing),
            },
        };
        (rule, view)
    }

    fn managed(&self, call: &NextCall<'_>) -> PayerView {
        let managed = Some(self.plan.managed);
        if self.free == Some(MicroCredits::ZERO) && !call.is_free {
            let message = "there are no credits left".to_owned();
            return PayerView { managed, ..PayerView::failing(Reason { code: "insufficient_credits", message }) };
        }
        match self.stopped(PayerKind::Managed, call) {
            Some(reason) => PayerView { managed, ..PayerView::failing(reason) },
            None => PayerView { managed, ..PayerView::paid(PayerKind::Managed) },
        }
    }

    /// The budget that stops it, whoever makes it. Those of an agent or a platform key stop some calls only.
    fn stopped(&self, payer: PayerKind, call: &NextCall<'_>) -> Option<Reason> {
        let mut stopping = self.budgets.iter().filter(|(budget, used)| !call.is_free && budget.stops_all(payer, *used));
        stopping.next().map(|(Budget { name, .. }, _)| Reason {
            code: "budget_exceeded",
            message: format!("the budget {name} is used up"),
        })
    }

    /// Managed access where the workspace consents to it and it can be paid; else the call fails as it does on the key.
    fn in_place_of_key(&self, catalogue: &Catalogue, call: &NextCall<'_>, failing: Failing) -> PayerView {
        let consented = failing.class().filter(|_| call.can_be_managed && !self.is_capped).filter(|class| {
            let consent = (&self.consent, *class);
            self.standing().step_in(catalogue, call.named.as_ref(), &call.offer, consent).is_some()
        });
        let stepping_in = consented.map(|_| self.managed(call)).filter(|view| view.payer.is_some());
        let view = stepping_in.unwrap_or_else(|| PayerView::failing(failing.reason()));
        PayerView { on_own_key: true, fallback: consented.filter(|_| view.payer.is_some()), ..view }
    }
}

impl PayerView {
    const fn paid(payer: PayerKind) -> Self {
        Self { payer: Some(payer), managed: None, on_own_key: false, fallback: None, reason: None }
    }

    /// Nobody pays.
    pub(crate) const fn failing(reason: Reason) -> Self {
        Self { payer: None, managed: None, on_own_key: false, fallback: None, reason: Some(reason) }
    }
}

//! What pays for a call besides its provider key: the credits and budgets that it draws on, and what it may cost. Fixed
//! when the call is admitted: a price or plan that changes later is for later calls.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::budget::{Budget, Spender};
use ownkey_domain::hold::{Quote, Unbounded};
use ownkey_domain::id::{RequestId, WorkspaceId};
use ownkey_domain::ledger::{AccountId, BudgetLine, Charge, Funds, HoldCall, Settlement, Shortage};
use ownkey_domain::money::{CreditRate, MicroCredits, NanoUsd, PicoUsd};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::period::Period;
use ownkey_domain::plan::Draw;
use ownkey_domain::time::Timestamp;
use ownkey_providers::managed::Objection;

use crate::decide::Decision;
use crate::error::{Code, Error};
use crate::ledger::HoldRefused;
use crate::terms;

/// What a call draws on.
#[derive(Debug)]
pub struct Funding {
    request: RequestId,
    workspace: WorkspaceId,
    draw: Draw,
    budgets: Vec<(BudgetLine, Budget)>,
    /// What fallbacks may cost a day, if the call is one.
    cap: Option<BudgetLine>,
    rate: Option<CreditRate>,
    quote: Option<Quote>,
}

/// Where it is counted what fallbacks cost on that day.
fn fallback_line(workspace: WorkspaceId, now: Timestamp, cap: NanoUsd) -> BudgetLine {
    let day = Period::day(now);
    BudgetLine { account: AccountId::Fallback(workspace, day.start), ends_at: day.end, limit: Some(cap) }
}

/// An own key pays and nothing is counted.
const NOTHING: Draw = Draw { funds: Funds::None, allowance: None, included: false };

impl Funding {
    /// Of a call that was decided so.
    pub fn of(
        request: RequestId,
        spender: &Spender<'_>,
        decision: &Decision<'_>,
        (rate, now): (Option<CreditRate>, Timestamp),
    ) -> Self {
        let workspace = &decision.workspace;
        let draw = match spender.payer {
            PayerKind::Managed => decision.plan.draw(now, workspace.period_anchor),
            PayerKind::Byok => NOTHING,
        };
        let covering = workspace.budgets.iter().filter(|budget| budget.covers(spender));
        let budgets = covering.map(|budget| (budget.line(workspace.id, now), budget.clone())).collect();
        let cap =
            decision.fallback.and(workspace.fallback.daily_cap_usd).map(|cap| fallback_line(workspace.id, now, cap));
        let rate = rate.filter(|_| draw.funds != Funds::None);
        Self { request, workspace: workspace.id, draw, budgets, rate, quote: None, cap }
    }

    /// The same for a call that costs so much at most. Fails if that must be known and is not.
    pub fn quoted(self, quote: Result<Quote, Unbounded>) -> Result<Self, Error> {
        let why = match quote {
            Ok(quote) => return Ok(Self { quote: Some(quote), ..self }),
            Err(why) => why,
        };
        let way_out = match self.refusing() {
            _ if self.draw.funds != Funds::None || self.cap.is_some() => {
                "or add an own key: credits are set aside for all that a call can cost".to_owned()
            }
            None => return Ok(self.unpriced()),
            Some(budget) => {
                format!("or let the budget {} allow such calls (`\"unpriced\": \"allow\"`)", budget.name)
            }
        };
        let message = format!("It is not known what this call can cost at most: {why}, {way_out}.");
        Err(Error::new(Code::ModelNotPriced, message))
    }

    /// The same for a call whose cost nobody can bound, and that may pass uncounted.
    pub fn unpriced(self) -> Self {
        Self { quote: None, ..self }
    }

    /// Whether a call on an own key may pass that has something in it whose price nobody can bound.
    pub fn bears(&self, objection: &Objection) -> Result<(), Error> {
        if let Some(error) = terms::unreadable(objection) {
            return Err(error);
        }
        let Some(budget) = self.refusing() else { return Ok(()) };
        let message = format!(
            "It is not known what this call costs, because {objection}, and the budget {} refuses such calls. Leave it \
             out, or let the budget allow them (`\"unpriced\": \"allow\"`).",
            budget.name
        );
        Err(Error::new(Code::ModelNotPriced, message))
    }

    /// The budget that refuses calls whose cost can't be known, if one does.
    fn refusing(&self) -> Option<&Budget> {
        self.budgets.iter().map(|(_, budget)| budget).find(|budget| budget.refuses_unpriced())
    }

    /// Whether anybody counts what it costs. An own key without a budget is its workspace's own business.
    pub fn is_counted(&self) -> bool {
        self.draw != NOTHING || self.cap.is_some() || !self.budgets.is_empty()
    }

    /// Whether it needs a hold, which may be one of nothing: what its plan includes is the operator's, and is counted there
    /// though its process should die. What costs nothing in any case needs none.
    pub fn holds(&self) -> bool {
        let is_free = self.quote.is_some_and(|quote| quote.cost(quote.most) == Some(PicoUsd::ZERO));
        !is_free && (self.draw.included || self.is_set_aside())
    }

    /// Whether something is set aside for it, in credits or in a budget.
    pub fn is_set_aside(&self) -> bool {
        self.draw.funds != Funds::None || self.cap.is_some() || !self.budgets.is_empty()
    }

    /// Whether it can't be made without a hold: a budget that only tells stops no call.
    pub fn is_bounded(&self) -> bool {
        let is_limited = self.budgets.iter().any(|(line, _)| line.limit.is_some());
        self.draw.funds != Funds::None || self.cap.is_some() || is_limited
    }

    /// Whether the ledger has something to do when it has ended.
    pub fn is_settled(&self) -> bool {
        self.holds() || self.draw.included
    }

    /// Whether the workspace's credits pay.
    pub fn draws_on_credits(&self) -> bool {
        self.draw.funds != Funds::None
    }

    /// What a credit is worth, if credits pay.
    pub const fn rate(&self) -> Option<CreditRate> {
        self.rate
    }

    /// What it can cost, if that is known.
    pub const fn quote(&self) -> Option<&Quote> {
        self.quote.as_ref()
    }

    /// The tokens of output that are held at first.
    pub fn first_slice(&self) -> u64 {
        self.quote.map_or(0, |quote| quote.slice)
    }

    /// What is charged for that cost. Beyond what can be counted it is all that can be.
    pub fn charge(&self, cost: PicoUsd) -> Charge {
        let credits = match self.draw.funds {
            Funds::None => MicroCredits::ZERO,
            _ => self.rate.and_then(|rate| rate.credits(cost)).unwrap_or(MicroCredits::new(i64::MAX)),
        };
        Charge { credits, usd: NanoUsd::of_cost(cost).unwrap_or(NanoUsd::new(i64::MAX)) }
    }

    /// What is charged for its input and so many tokens of output at most; nothing known if it has no price.
    pub fn charge_at_most(&self, output: u64) -> Charge {
        let Some(quote) = &self.quote else { return Charge::default() };
        self.charge(quote.cost(output).unwrap_or(PicoUsd::new(i128::MAX)))
    }

    /// Asks that so many tokens of output are held.
    pub fn hold(&self, output: u64) -> HoldCall {
        HoldCall {
            request: self.request,
            workspace: self.workspace,
            amount: self.charge_at_most(output),
            funds: self.draw.funds,
            allowance: self.draw.allowance,
            budgets: self.budgets.iter().map(|(line, _)| *line).chain(self.cap).collect(),
            draft: None,
        }
    }

    /// What the ledger is told at the end: what it is charged, and what was told beyond that.
    pub const fn settlement(&self, charge: Charge, disbelieved: MicroCredits) -> Settlement {
        Settlement { charge, funds: self.draw.funds, included: self.draw.included, disbelieved }
    }

    /// What its caller is told when so many tokens of output could not be held. He can ask for fewer only where there is
    /// something that limits them.
    pub fn refused(&self, refused: HoldRefused, output: u64, takes_limit: bool) -> Error {
        match refused {
            HoldRefused::Away => {
                Error::overloaded("Nothing can be set aside for the call at the moment. Try again shortly.")
            }
            HoldRefused::Short(Shortage::Credits { balance, available, .. }) => {
                let needed = self.charge_at_most(output).credits;
                let fits = if takes_limit { self.what_fits(available) } else { String::new() };
                let message = format!(
                    "This call needs a hold of {needed} credits. The balance is {balance}, of which {available} are \
                     not held by other calls{fits}. Add credits, or add an own key."
                );
                Error::new(Code::InsufficientCredits, message)
            }
            HoldRefused::Short(Shortage::Budget { account, limit, used, resets_at }) => {
                let needed = self.charge_at_most(output).usd;
                let resets = resets_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
                let way_out = if takes_limit {
                    "Wait, raise the limit, or ask for less output"
                } else {
                    "Wait, or raise the limit"
                };
                let message = format!(
                    "{} has {used} of {limit} USD used or held, and this call needs up to {needed} USD. resets_at: \
                     {resets}. {way_out}.",
                    self.named(account)
                );
                Error::new(Code::BudgetExceeded, message)
            }
        }
    }

    /// What the caller of a stream is told whose hold could not be extended.
    pub fn cut(&self, refused: HoldRefused) -> Error {
        let (code, why) = match refused {
            HoldRefused::Away => return Error::overloaded("No more can be set aside for the answer at the moment."),
            HoldRefused::Short(Shortage::Credits { balance, available, .. }) => {
                let why = format!("the balance is {balance} credits, of which {available} are not held by other calls");
                (Code::InsufficientCredits, why)
            }
            HoldRefused::Short(Shortage::Budget { account, limit, used, resets_at }) => {
                let resets = resets_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
                let named = self.named(account);
                let why = format!("{named} has {used} of {limit} USD used or held. resets_at: {resets}");
                (Code::BudgetExceeded, why)
            }
        };
        Error::new(code, format!("The answer ends here, because no more could be set aside for it: {why}."))
    }

    /// The output limit with which the first hold would fit into so many credits.
    fn what_fits(&self, available: MicroCredits) -> String {
        let fits = self.rate.zip(self.quote).map(|(rate, quote)| quote.limit_within(rate.covered(available)));
        match fits {
            Some(Some(limit)) => format!(", so an output limit of {limit} tokens would fit"),
            Some(None) => ", so no output limit would fit: its input alone may take them up".to_owned(),
            None => String::new(),
        }
    }

    fn named(&self, account: AccountId) -> String {
        match self.budgets.iter().find(|(line, _)| line.account == account) {
            Some((_, budget)) => format!("The budget {} ({})", budget.name, budget.scope),
            None => "What managed access may cost a day in place of the own key".to_owned(),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use ownkey_domain::budget::{BudgetAction, BudgetPayer, BudgetPeriod, Scope, Unpriced};
    use ownkey_domain::id::BudgetId;
    use uuid::Uuid;

    /// A quote whose tokens cost ten USD a million, input 1,000 of them.
    fn quote(most: u64, slice: u64) -> Quote {
        let per_token = PicoUsd::new(10_000_000);
        Quote { input: per_token.times(1_000).unwrap(), per_token, most, slice, answers: 1, is_sliced: slice < most }
    }

    /// A call paid in credits of a cent each.
    pub fn funding(most: u64, slice: u64) -> Funding {
        Funding {
            request: RequestId::from_uuid(Uuid::from_u128(1)),
            workspace: WorkspaceId::from_uuid(Uuid::from_u128(2)),
            draw: Draw { funds: Funds::All, allowance: None, included: false },
            budgets: Vec::new(),
            cap: None,
            rate: CreditRate::parse("0.01", "1").ok(),
            quote: Some(quote(most, slice)),
        }
    }

    fn budget(unpriced: Unpriced) -> Budget {
        Budget {
            id: BudgetId::from_uuid(Uuid::from_u128(3)),
            name: "b".parse().unwrap(),
            scope: Scope::Workspace,
            payer: BudgetPayer::Any,
            period: BudgetPeriod::Day,
            limit_usd: NanoUsd::new(5_000_000_000),
            action: BudgetAction::Block,
            unpriced,
        }
    }

    fn own_key(budgets: &[Budget], quote: Option<Quote>) -> Funding {
        let all = funding(0, 0);
        let line = |budget: &Budget| (budget.line(all.workspace, Timestamp::from_millis(0)), budget.clone());
        Funding { budgets: budgets.iter().map(line).collect(), draw: NOTHING, rate: None, quote, ..all }
    }

    #[test]
    fn a_refusal_names_the_hold_the_balance_and_the_limit_that_fits() {
        let (balance, available) = (MicroCredits::new(5_000_000), MicroCredits::new(1_500_000));
        let short = HoldRefused::Short(Shortage::Credits { needed: balance, balance, available });
        let error = funding(4_000, 4_000).refused(short, 4_000, true);
        assert_eq!(error.code, Code::InsufficientCredits);
        for part in ["a hold of 5 credits", "balance is 5,", "1.5 are not held", "an output limit of 500 tokens"] {
            assert!(error.message.contains(part), "{part}: {}", error.message);
        }
        let unlimited = funding(4_000, 4_000).refused(short, 4_000, false).message;
        assert!(unlimited.contains("1.5 are not held by other calls. Add credits"), "{unlimited}");
    }

    #[test]
    fn a_refusal_names_the_budget_and_when_it_begins_anew() {
        let (limit, used) = (NanoUsd::new(5_000_000_000), NanoUsd::new(4_990_000_000));
        let funding = own_key(&[budget(Unpriced::Refuse)], Some(quote(4_000, 4_000)));
        let BudgetLine { account, ends_at: resets_at, .. } = funding.budgets[0].0;
        let short = HoldRefused::Short(Shortage::Budget { account, limit, used, resets_at });
        let error = funding.refused(short, 4_000, true);
        assert_eq!(error.code, Code::BudgetExceeded);
        for part in
            ["The budget b (workspace)", "4.99 of 5 USD", "up to 0.05 USD", "resets_at: 1970-01-02T", "less output"]
        {
            assert!(error.message.contains(part), "{part}: {}", error.message);
        }
        assert!(!funding.refused(short, 4_000, false).message.contains("output"));
    }

    #[test]
    fn own_keys_hold_only_what_a_budget_counts() {
        let quoted = Some(quote(4_000, 4_000));
        assert!(!own_key(&[], quoted).holds());
        let counted = own_key(&[budget(Unpriced::Refuse)], quoted);
        assert!(counted.holds() && counted.is_bounded() && !counted.draws_on_credits());
        let charge = counted.charge_at_most(4_000);
        assert_eq!((charge.credits, charge.usd), (MicroCredits::ZERO, NanoUsd::new(50_000_000)));
        let tells = Budget { action: BudgetAction::Notify, ..budget(Unpriced::Refuse) };
        assert!(own_key(std::slice::from_ref(&tells), quoted).holds() && !own_key(&[tells], quoted).is_bounded());
        assert!(!own_key(&[budget(Unpriced::Refuse)], Some(Quote::NOTHING)).holds());
        // Of what has no known bound nothing is held, but it is counted in the end.
        let unbounded = own_key(&[budget(Unpriced::Allow)], None);
        assert!(unbounded.holds() && unbounded.charge_at_most(4_000) == Charge::default());
    }

    #[test]
    fn what_is_not_known_to_be_bounded_is_refused_where_it_must_be() {
        let refused = |funding: Funding| funding.quoted(Err(Unbounded::Input)).err().map(|error| error.code);
        let unquoted = |funding: Funding| Funding { quote: None, ..funding };
        assert_eq!(refused(unquoted(funding(1, 1))), Some(Code::ModelNotPriced));
        assert_eq!(refused(own_key(&[budget(Unpriced::Refuse)], None)), Some(Code::ModelNotPriced));
        assert_eq!(refused(own_key(&[budget(Unpriced::Allow)], None)), None);
        assert_eq!(refused(own_key(&[], None)), None);
        let told = |funding: Funding| funding.quoted(Err(Unbounded::Input)).err().map(|error| error.message).unwrap();
        let (credits, budget) = (told(funding(1, 1)), told(own_key(&[budget(Unpriced::Refuse)], None)));
        assert!(credits.contains("`context_tokens`") && credits.contains("own key"), "{credits}");
        assert!(budget.contains("the budget b allow"), "{budget}");
    }
}

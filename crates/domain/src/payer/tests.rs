use super::*;
use uuid::Uuid;

const KEY: CredentialId = CredentialId::from_uuid(Uuid::from_u128(7));

fn ask(change: impl FnOnce(&mut Question<'_>, &mut Plan)) -> Result<PayerKind, Refusal> {
    let mut plan = Plan::default();
    let base = Plan::default();
    let mut question = Question {
        plan: &base,
        policy: PayerPolicy::ByokPreferred,
        gate: Gate::Available,
        key: KeyState::None,
        operator_key: true,
        priced: true,
    };
    change(&mut question, &mut plan);
    decide(&Question { plan: &plan, ..question }).map(|payer| payer.kind())
}

#[test]
fn the_state_of_a_key_is_that_of_plan_and_vault() {
    let (with, without) = (Plan::default(), Plan { byok: false, ..Plan::default() });
    for (plan, stored, opens, state) in [
        (&with, None, false, KeyState::None),
        (&with, Some(KEY), true, KeyState::Usable(KEY)),
        (&with, Some(KEY), false, KeyState::Sealed(KEY)),
        (&without, None, true, KeyState::None),
        (&without, Some(KEY), true, KeyState::Dormant(KEY)),
        (&without, Some(KEY), false, KeyState::Dormant(KEY)),
    ] {
        assert_eq!(KeyState::of(plan, stored, opens), state);
    }
}

#[test]
fn the_table() {
    use PayerPolicy::{ByokOnly, ManagedOnly};
    let usable = KeyState::Usable(KEY);
    // Without a key: managed; with one: the key's.
    assert_eq!(ask(|_, _| {}), Ok(PayerKind::Managed));
    assert_eq!(ask(|q, _| q.key = usable), Ok(PayerKind::Byok));
    // The workspace's own word.
    assert_eq!(ask(|q, _| (q.policy, q.key) = (ManagedOnly, usable)), Ok(PayerKind::Managed));
    assert_eq!(ask(|q, _| q.policy = ByokOnly), Err(Refusal::ByokRequired));
    assert_eq!(ask(|q, p| (q.policy, p.byok) = (ByokOnly, false)), Err(Refusal::PlanRequired));
    // Keys that exist and can't serve never move a call to managed access.
    assert_eq!(ask(|q, _| q.key = KeyState::Sealed(KEY)), Err(Refusal::KeySealed));
    assert_eq!(ask(|q, _| q.key = KeyState::Dormant(KEY)), Err(Refusal::PlanRequired));
    // The two ways out of a dormant key.
    assert_eq!(
        ask(|q, p| (q.key, p.dormant_keys) = (KeyState::Dormant(KEY), DormantKeys::Managed)),
        Ok(PayerKind::Managed)
    );
    assert_eq!(
        ask(|q, p| {
            (q.key, q.policy) = (KeyState::Dormant(KEY), ByokOnly);
            (p.byok, p.dormant_keys) = (false, DormantKeys::Managed);
        }),
        Err(Refusal::PlanRequired)
    );
    assert_eq!(ask(|q, _| (q.policy, q.key) = (ManagedOnly, KeyState::Dormant(KEY))), Ok(PayerKind::Managed));
    // Models for own keys only.
    assert_eq!(ask(|q, _| q.gate = Gate::ByokOnly), Err(Refusal::ByokRequired));
    assert_eq!(ask(|q, _| (q.gate, q.policy) = (Gate::ByokOnly, ManagedOnly)), Err(Refusal::ByokRequired));
    assert_eq!(ask(|q, _| (q.gate, q.key) = (Gate::ByokOnly, usable)), Ok(PayerKind::Byok));
    // No managed access.
    assert_eq!(ask(|q, _| q.operator_key = false), Err(Refusal::ByokRequired));
    assert_eq!(ask(|_, p| p.managed = Managed::None), Err(Refusal::ByokRequired));
    assert_eq!(ask(|q, _| (q.operator_key, q.policy) = (false, ManagedOnly)), Err(Refusal::ManagedUnavailable));
    // What has no price is the own key's only.
    assert_eq!(ask(|q, _| q.priced = false), Err(Refusal::ModelNotPriced));
    assert_eq!(ask(|q, _| (q.priced, q.key) = (false, usable)), Ok(PayerKind::Byok));
    // The catalogue speaks first.
    assert_eq!(ask(|q, _| (q.gate, q.key) = (Gate::NotFound, usable)), Err(Refusal::ModelNotFound));
    assert_eq!(ask(|q, _| (q.gate, q.key) = (Gate::ComingSoon, usable)), Err(Refusal::ModelComingSoon));
    assert_eq!(ask(|q, _| (q.gate, q.key) = (Gate::FeatureMissing, usable)), Err(Refusal::ModelGated));
}

/// Every combination, against the promises rather than against the code's own branches.
#[test]
fn the_promises_hold_for_every_combination() {
    let keys = [KeyState::None, KeyState::Usable(KEY), KeyState::Dormant(KEY), KeyState::Sealed(KEY)];
    let gates = [Gate::Available, Gate::ComingSoon, Gate::ByokOnly, Gate::FeatureMissing, Gate::NotFound];
    let policies = [PayerPolicy::ByokPreferred, PayerPolicy::ByokOnly, PayerPolicy::ManagedOnly];
    let mut seen = 0;
    for plan in plans() {
        for (policy, gate, key) in policies
            .into_iter()
            .flat_map(|p| gates.into_iter().flat_map(move |g| keys.into_iter().map(move |k| (p, g, k))))
        {
            for (operator_key, priced) in [(true, true), (true, false), (false, true), (false, false)] {
                let question = Question { plan: &plan, policy, gate, key, operator_key, priced };
                seen += 1;
                match decide(&question) {
                    Ok(payer) => assert_may_pay(&question, payer),
                    Err(refusal) => assert_first_that_applies(&question, refusal),
                }
            }
        }
    }
    assert_eq!(seen, 12 * 3 * 5 * 4 * 4);
}

fn plans() -> impl Iterator<Item = Plan> {
    let dormant = [DormantKeys::Stop, DormantKeys::Managed];
    let managed = [Managed::Included, Managed::Credits, Managed::None];
    managed.into_iter().flat_map(move |managed| {
        [true, false]
            .into_iter()
            .flat_map(move |byok| dormant.map(|dormant_keys| Plan { byok, managed, dormant_keys, ..Plan::default() }))
    })
}

fn assert_may_pay(question: &Question<'_>, payer: Payer) {
    let Question { plan, policy, gate, key, operator_key, priced } = *question;
    assert!(matches!(gate, Gate::Available | Gate::ByokOnly), "{question:?}");
    if payer.kind() == PayerKind::Byok {
        assert!(key == KeyState::Usable(KEY) && policy != PayerPolicy::ManagedOnly, "{question:?}");
        return;
    }
    assert!(policy != PayerPolicy::ByokOnly && gate != Gate::ByokOnly, "{question:?}");
    assert!(operator_key && priced && plan.managed != Managed::None, "{question:?}");
    let consent = key == KeyState::Dormant(KEY) && plan.dormant_keys == DormantKeys::Managed;
    assert!(key == KeyState::None || policy == PayerPolicy::ManagedOnly || consent, "{question:?}");
}

/// The contract's list, "the first that applies answers", written down once more and in its order.
fn assert_first_that_applies(question: &Question<'_>, refusal: Refusal) {
    let Question { plan, policy, gate, key, operator_key, priced } = *question;
    let managed_only = policy == PayerPolicy::ManagedOnly;
    let dormant = matches!(key, KeyState::Dormant(_)) && plan.dormant_keys == DormantKeys::Stop;
    let absent = key == KeyState::None || (matches!(key, KeyState::Dormant(_)) && !dormant);
    let wanted = gate == Gate::ByokOnly || policy == PayerPolicy::ByokOnly;
    let no_managed = plan.managed == Managed::None || !operator_key;
    let missing = if plan.byok { Refusal::ByokRequired } else { Refusal::PlanRequired };
    let list = [
        (gate == Gate::NotFound, Refusal::ModelNotFound),
        (gate == Gate::ComingSoon, Refusal::ModelComingSoon),
        (gate == Gate::FeatureMissing, Refusal::ModelGated),
        (managed_only && gate == Gate::ByokOnly, Refusal::ByokRequired),
        (!managed_only && dormant, Refusal::PlanRequired),
        (!managed_only && matches!(key, KeyState::Sealed(_)), Refusal::KeySealed),
        (!managed_only && absent && wanted, missing),
        (managed_only && no_managed, Refusal::ManagedUnavailable),
        (!managed_only && absent && no_managed, missing),
        (!priced, Refusal::ModelNotPriced),
    ];
    let first = list.into_iter().find(|(applies, _)| *applies).map(|(_, refusal)| refusal);
    assert_eq!(Some(refusal), first, "{question:?}");
}

#[test]
fn managed_access_steps_in_with_consent_only() {
    use FallbackClass::{QuotaExhausted, RateLimited, Unavailable};
    let plan = Plan::default();
    let none = Plan { managed: Managed::None, ..Plan::default() };
    let asked = Question {
        plan: &plan,
        policy: PayerPolicy::ByokPreferred,
        gate: Gate::Available,
        key: KeyState::Usable(KEY),
        operator_key: true,
        priced: true,
    };
    let consent = Fallback { on: vec![RateLimited, Unavailable], daily_cap_usd: Some(NanoUsd::new(1)) };
    let steps_in = |question: &Question<'_>, consent: &Fallback, failure| step_in(question, consent, failure).is_some();
    assert!(steps_in(&asked, &consent, RateLimited));
    assert!(steps_in(&asked, &consent, Unavailable));
    assert!(!steps_in(&asked, &consent, QuotaExhausted), "not consented to");
    assert!(!steps_in(&asked, &Fallback::default(), RateLimited));
    for cap in [None, Some(NanoUsd::ZERO)] {
        assert!(!steps_in(&asked, &Fallback { daily_cap_usd: cap, ..consent.clone() }, RateLimited));
    }
    for question in [
        Question { policy: PayerPolicy::ByokOnly, ..asked },
        Question { gate: Gate::ByokOnly, ..asked },
        Question { key: KeyState::Sealed(KEY), ..asked },
        Question { key: KeyState::Dormant(KEY), ..asked },
        Question { operator_key: false, ..asked },
        Question { priced: false, ..asked },
        Question { plan: &none, ..asked },
    ] {
        assert!(!steps_in(&question, &consent, RateLimited), "{question:?}");
    }
}

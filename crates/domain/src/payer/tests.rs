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
    let plans = [Managed::Included, Managed::Credits, Managed::None]
        .into_iter()
        .flat_map(|managed| [true, false].map(|byok| Plan { byok, managed, ..Plan::default() }));
    let mut seen = 0;
    for plan in plans {
        for (policy, gate, key) in policies
            .into_iter()
            .flat_map(|p| gates.into_iter().flat_map(move |g| keys.into_iter().map(move |k| (p, g, k))))
        {
            for (operator_key, priced) in [(true, true), (true, false), (false, true), (false, false)] {
                let question = Question { plan: &plan, policy, gate, key, operator_key, priced };
                seen += 1;
                let Ok(payer) = decide(&question) else { continue };
                let managed = payer.kind() == PayerKind::Managed;
                assert!(matches!(gate, Gate::Available | Gate::ByokOnly), "{question:?}");
                assert!(!(managed && policy == PayerPolicy::ByokOnly), "{question:?}");
                assert!(!(managed && gate == Gate::ByokOnly), "{question:?}");
                assert!(!managed || operator_key && priced && plan.managed != Managed::None, "{question:?}");
                assert!(!managed || key == KeyState::None || policy == PayerPolicy::ManagedOnly, "{question:?}");
                assert!(managed || key == KeyState::Usable(KEY), "{question:?}");
                assert!(managed || policy != PayerPolicy::ManagedOnly, "{question:?}");
            }
        }
    }
    assert_eq!(seen, 6 * 3 * 5 * 4 * 4);
}

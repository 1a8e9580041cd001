//! Filling a book from the database, and writing back what changed in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ownkey_domain::budget::Budget;
use ownkey_domain::id::{NodeId, RequestId, WorkspaceId};
use ownkey_domain::ledger::{Account, AccountId, Amount, Book, Charged, TransferKind};
use ownkey_domain::time::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::facts::Moved;
use super::rows::{
    ADD_ACCOUNTS, ADD_HOLDS, ADD_TRANSFERS, AccountRow, CHANGE_ACCOUNTS, CHANGE_HOLDS, Change, END_HOLDS, HoldRow,
    NewAccount, READ_ACCOUNTS, READ_CHARGES, READ_HOLDS, READ_NAMED, TransferRow, Wanted, WantedAccount, account_id,
    read_legs, write_legs,
};
use crate::db::Tx;
use crate::{Result, StoreError, dialect};

/// A book in a transaction: the accounts of some workspaces, and the holds of some calls.
pub(super) struct OpenBook {
    pub book: Book,
    before: BTreeMap<AccountId, Account>,
    held: BTreeSet<RequestId>,
    now: Timestamp,
    booked_at: Timestamp,
}

/// Whose holds are written, the word for the credits they draw on, and the drafts of their receipts.
pub(super) struct Holder {
    pub node: NodeId,
    pub funds: BTreeMap<RequestId, &'static str>,
    pub drafts: BTreeMap<RequestId, String>,
}

#[derive(FromRow)]
struct HeldRow {
    request: Uuid,
    workspace: Uuid,
    legs: String,
}

#[derive(FromRow)]
struct ChargeRow {
    request: Uuid,
    kind: String,
    debit_account: String,
    credit_account: String,
    refunds: Option<String>,
    amount: i64,
}

impl OpenBook {
    /// Keeps other operations of these workspaces away until the transaction ends, and reads what they have, and what
    /// those requests hold. What others hold is not known: none of it can be changed, and a hold of theirs can't be added.
    pub async fn open(
        tx: &mut Tx,
        workspaces: &BTreeSet<WorkspaceId>,
        requests: &BTreeSet<RequestId>,
        now: Timestamp,
    ) -> Result<Self> {
        dialect::lock_workspaces(tx, workspaces).await?;
        let ids: Vec<_> = workspaces.iter().map(|workspace| Wanted { id: workspace.uuid() }).collect();
        let accounts: Vec<AccountRow> = READ_ACCOUNTS.fetch(tx, ids).await?;
        let accounts = accounts.into_iter().map(AccountRow::account).collect::<Result<Vec<_>>>()?;
        let ids: Vec<_> = requests.iter().map(|request| Wanted { id: request.uuid() }).collect();
        let held: Vec<HeldRow> = READ_HOLDS.fetch(tx, ids).await?;
        let held = held.into_iter().map(|row| {
            let (request, workspace) = (RequestId::from_uuid(row.request), WorkspaceId::from_uuid(row.workspace));
            Ok((request, workspace, read_legs(&row.legs)?))
        });
        let held = held.collect::<Result<Vec<_>>>()?;
        let before = accounts.iter().map(|account| (account.id, *account)).collect();
        let requests = held.iter().map(|(request, ..)| *request).collect();
        Ok(Self { book: Book::new(now, accounts, held), before, held: requests, now, booked_at: now })
    }

    /// Dates its entries so, whatever the moment that decides what has expired.
    pub fn booked_at(self, at: Timestamp) -> Self {
        Self { booked_at: at, ..self }
    }

    /// Tells the book what those calls were charged or counted with before, and of the accounts where.
    pub async fn read_charges(&mut self, tx: &mut Tx, requests: impl IntoIterator<Item = RequestId>) -> Result<()> {
        let ids: Vec<_> = requests.into_iter().map(|request| Wanted { id: request.uuid() }).collect();
        let rows: Vec<ChargeRow> = READ_CHARGES.fetch(tx, ids).await?;
        let mut charges: BTreeMap<(RequestId, AccountId), Charged> = BTreeMap::new();
        for row in rows {
            row.add(&mut charges)?;
        }
        self.read_closed(tx, charges.keys().map(|(_, account)| *account).collect()).await?;
        charges.into_iter().for_each(|((request, account), on)| self.book.was_charged(request, account, on));
        Ok(())
    }

    /// Tells the book of those accounts, if they are closed: it knows the open ones.
    async fn read_closed(&mut self, tx: &mut Tx, mut ids: BTreeSet<AccountId>) -> Result<()> {
        ids.retain(|id| !self.before.contains_key(id));
        let ids: Vec<_> = ids.iter().map(|id| WantedAccount { id: id.to_string() }).collect();
        let rows: Vec<AccountRow> = READ_NAMED.fetch(tx, ids).await?;
        for row in rows {
            let account = row.account()?;
            self.before.insert(account.id, account);
            self.book.know(account);
        }
        Ok(())
    }

    /// Writes back what changed. What people want to be told of that is written with it.
    pub async fn save(&self, tx: &mut Tx, holder: Option<&Holder>) -> Result<()> {
        let changed = || self.book.accounts().filter(|account| self.before.get(&account.id) != Some(account));
        let new: Vec<_> = changed().filter(|a| !self.before.contains_key(&a.id)).map(NewAccount::of).collect();
        ADD_ACCOUNTS.run(tx, new).await?;
        let changes: Vec<_> = changed().map(|account| self.change(account)).collect();
        let expected = changes.len();
        let touched = CHANGE_ACCOUNTS.run(tx, changes).await?;
        if usize::try_from(touched).ok() != Some(expected) {
            return Err(StoreError::RowCount("accounts"));
        }
        let transfers = self.book.transfers().iter().map(|transfer| TransferRow::of(transfer, self.booked_at));
        ADD_TRANSFERS.run(tx, transfers.collect()).await?;
        self.save_holds(tx, holder).await?;
        if self.book.transfers().is_empty() {
            return Ok(());
        }
        Moved { before: &self.before, after: self.book.accounts().collect(), now: self.now }.tell(tx).await
    }

    async fn save_holds(&self, tx: &mut Tx, holder: Option<&Holder>) -> Result<()> {
        let (mut new, mut changed, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for (request, held) in self.book.changed_holds() {
            match (held, holder) {
                (Some((workspace, legs)), Some(holder)) => {
                    let row = HoldRow {
                        request: request.uuid(),
                        workspace: workspace.uuid(),
                        node: holder.node.uuid(),
                        funds: holder.funds.get(&request).copied().unwrap_or("all").to_owned(),
                        legs: write_legs(legs)?,
                        draft: holder.drafts.get(&request).cloned(),
                        at: self.now.millis(),
                    };
                    if self.held.contains(&request) { changed.push(row) } else { new.push(row) }
                }
                (Some(_), None) => return Err(StoreError::Unstorable("hold")),
                (None, _) => ended.push(Wanted { id: request.uuid() }),
            }
        }
        ADD_HOLDS.run(tx, new).await?;
        let expected = changed.len();
        if usize::try_from(CHANGE_HOLDS.run(tx, changed).await?).ok() != Some(expected) {
            return Err(StoreError::RowCount("holds"));
        }
        END_HOLDS.run(tx, ended).await?;
        Ok(())
    }

    fn change(&self, account: &Account) -> Change {
        let new = Account::new(account.id, None, self.now);
        let before = self.before.get(&account.id).unwrap_or(&new);
        let by = |side: fn(&Account) -> Amount| side(account).get() - side(before).get();
        Change {
            id: account.id.to_string(),
            debits_pending: by(|a| a.debits_pending),
            debits_posted: by(|a| a.debits_posted),
            credits_pending: by(|a| a.credits_pending),
            credits_posted: by(|a| a.credits_posted),
            granted: by(|a| a.granted),
            closed_at: account.is_closed(self.now).then(|| self.now.millis()),
        }
    }
}

/// Lets a budget go on with what it had counted by now as it was before.
pub(crate) async fn carry_over(
    tx: &mut Tx,
    workspace: WorkspaceId,
    (before, after): (&Budget, &Budget),
    now: Timestamp,
) -> Result<()> {
    let mut open = OpenBook::open(tx, &BTreeSet::from([workspace]), &BTreeSet::new(), now).await?;
    open.book.carry_over(before.line(workspace, now).account, &after.line(workspace, now));
    open.save(tx, None).await
}

impl ChargeRow {
    /// Adds it to what was charged on an account so far.
    fn add(self, charges: &mut BTreeMap<(RequestId, AccountId), Charged>) -> Result<()> {
        let request = RequestId::from_uuid(self.request);
        let amount = Amount::new(self.amount).ok_or(StoreError::Corrupt("transfer"))?;
        let is = |kind: TransferKind| self.kind == kind.as_str();
        let takes = [TransferKind::Charge, TransferKind::Overrun, TransferKind::Budget, TransferKind::Included];
        let (account, change): (_, fn(&mut Charged, Amount)) = if takes.into_iter().any(is) {
            (account_id(&self.debit_account)?, |on, more| on.charged = on.charged.plus(more).unwrap_or(on.charged))
        } else if is(TransferKind::Correction) {
            (account_id(&self.credit_account)?, |on, less| on.charged = on.charged.less(less))
        } else if is(TransferKind::Refund) {
            let purse = self.refunds.as_deref().ok_or(StoreError::Corrupt("transfer"))?;
            (account_id(purse)?, |on, more| on.refunded = on.refunded.plus(more).unwrap_or(on.refunded))
        } else {
            return Ok(());
        };
        change(charges.entry((request, account)).or_default(), amount);
        Ok(())
    }
}

/// Those of the calls for which nothing is held: they may have been settled before.
pub(super) fn without_hold(book: &Book, requests: impl IntoIterator<Item = RequestId>) -> HashSet<RequestId> {
    let held: HashSet<_> = book.holds().map(|(request, ..)| request).collect();
    requests.into_iter().filter(|request| !held.contains(request)).collect()
}

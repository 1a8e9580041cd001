//! Statements that write many rows. A statement a row costs ten times as much as a row in a wide one, and the two
//! databases take wide ones in different ways: SQLite has no arrays, so it gets texts of a few fixed sizes,
//! padded with NULL rows that the statement drops; PostgreSQL gets one array a column. SQLite looks `$1` up by
//! name, so these texts have anonymous `?`.

use sqlx::FromRow;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Postgres, Sqlite};

use crate::Result;
use crate::db::{On, Tx};

pub(crate) type SqliteQuery = Query<'static, Sqlite, SqliteArguments>;
pub(crate) type PgQuery = Query<'static, Postgres, PgArguments>;

/// The sizes of texts on SQLite, largest first.
const SIZES: [usize; 4] = [256, 64, 32, 16];

/// So many rows of padding take no longer than a statement more, which is a message to the database's thread and one back. More
/// is only sensible where it is a quarter at most.
const PADDING: usize = 32;

/// A row of a wide statement. Made by [`wide_rows`].
pub(crate) trait Wide: Sized {
    /// The columns.
    const COLUMNS: &'static [&'static str];
    /// Their types on PostgreSQL.
    const PG_TYPES: &'static [&'static str];
    /// Binds a row, or NULLs.
    fn bind_sqlite(row: Option<Self>, query: SqliteQuery) -> SqliteQuery;
    /// Binds all rows, an array for each column.
    fn bind_postgres(rows: Vec<Self>, query: PgQuery) -> PgQuery;
}

/// Defines a row type with its columns.
macro_rules! wide_rows {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty => $pg:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
        pub(crate) struct $name { $(pub $field: $type,)* }

        impl $crate::dialect::Wide for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];
            const PG_TYPES: &'static [&'static str] = &[$($pg),*];

            fn bind_sqlite(row: Option<Self>, query: $crate::dialect::SqliteQuery) -> $crate::dialect::SqliteQuery {
                match row {
                    Some(row) => query$(.bind(row.$field))*,
                    None => query$(.bind(None::<$type>))*,
                }
            }

            fn bind_postgres(rows: Vec<Self>, query: $crate::dialect::PgQuery) -> $crate::dialect::PgQuery {
                $(let mut $field: Vec<$type> = Vec::with_capacity(rows.len());)*
                for row in rows {
                    $($field.push(row.$field);)*
                }
                query$(.bind($field))*
            }
        }
    };
}
pub(crate) use wide_rows;

/// A statement over many rows, in every form it is needed in.
pub(crate) struct WideStatement<R> {
    sqlite: [String; SIZES.len()],
    postgres: String,
    row: std::marker::PhantomData<fn(R)>,
}

impl<R: Wide> WideStatement<R> {
    /// `{rows}` in the template stands for a table of the rows, with columns `column1`, `column2` …; `{columns}`
    /// for the list of their names. The template must do nothing for a row whose first column is NULL.
    pub fn new(template: &str) -> Self {
        let template = template.replace("{columns}", &R::COLUMNS.join(", "));
        Self {
            sqlite: SIZES.map(|size| template.replace("{rows}", &values::<R>(size))),
            postgres: template.replace("{rows}", &unnest::<R>()),
            row: std::marker::PhantomData,
        }
    }

    /// Runs it over those rows and returns how many it touched.
    pub async fn run(&'static self, tx: &mut Tx, rows: Vec<R>) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        match tx.on() {
            On::Postgres(c) => {
                let query = R::bind_postgres(rows, sqlx::query(self.postgres.as_str()));
                Ok(query.execute(c).await?.rows_affected())
            }
            On::Sqlite(c) => {
                let (mut rows, mut touched) = (rows.into_iter(), 0);
                while let Some(query) = self.next_on_sqlite(&mut rows) {
                    touched += query.execute(&mut *c).await?.rows_affected();
                }
                Ok(touched)
            }
        }
    }

    /// Runs it over those rows and returns what it finds.
    pub async fn fetch<T>(&'static self, tx: &mut Tx, rows: Vec<R>) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match tx.on() {
            On::Postgres(c) => {
                let query = R::bind_postgres(rows, sqlx::query(self.postgres.as_str()));
                let found = query.fetch_all(c).await?;
                Ok(found.iter().map(T::from_row).collect::<Result<_, _>>()?)
            }
            On::Sqlite(c) => {
                let (mut rows, mut found) = (rows.into_iter(), Vec::new());
                while let Some(query) = self.next_on_sqlite(&mut rows) {
                    let rows = query.fetch_all(&mut *c).await?;
                    rows.iter().try_for_each(|row| T::from_row(row).map(|row| found.push(row)))?;
                }
                Ok(found)
            }
        }
    }

    /// The statement over as many of the rows as it takes, if there are any left.
    fn next_on_sqlite(&'static self, rows: &mut std::vec::IntoIter<R>) -> Option<SqliteQuery> {
        if rows.len() == 0 {
            return None;
        }
        let which = best_size(rows.len());
        let query = sqlx::query(self.sqlite[which].as_str());
        Some((0..SIZES[which]).fold(query, |query, _| R::bind_sqlite(rows.next(), query)))
    }
}

/// The smallest size that takes all, if not too much of it is padding; or else the largest that is filled.
fn best_size(rows: usize) -> usize {
    let takes_all = |size: &usize| (rows..=rows + PADDING.max(size / 4)).contains(size);
    let is_filled = |size: &usize| *size <= rows;
    SIZES.iter().rposition(takes_all).or_else(|| SIZES.iter().position(is_filled)).unwrap_or(SIZES.len() - 1)
}

fn values<R: Wide>(size: usize) -> String {
    let row = format!("({})", vec!["?"; R::COLUMNS.len()].join(","));
    format!("(VALUES {}) AS v", vec![row; size].join(","))
}

fn unnest<R: Wide>() -> String {
    let arrays: Vec<_> = R::PG_TYPES.iter().enumerate().map(|(i, pg)| format!("${}::{pg}[]", i + 1)).collect();
    let names: Vec<_> = (1..=R::COLUMNS.len()).map(|i| format!("column{i}")).collect();
    format!("UNNEST({}) AS v({})", arrays.join(", "), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_all_rows_or_is_filled_or_is_padded_within_bounds() {
        let sizes = [1, 16, 17, 32, 33, 64, 65, 191, 192, 256, 257].map(|rows| SIZES[best_size(rows)]);
        assert_eq!(sizes, [16, 16, 32, 32, 64, 64, 64, 64, 256, 256, 256]);
    }
}

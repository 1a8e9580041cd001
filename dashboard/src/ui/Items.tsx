import { Paper } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./Items.module.css";

/** What a table's rows become where there is no room for a table. */
export function Items({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <ul className={classes.items} aria-label={label}>
      {children}
    </ul>
  );
}

interface Props {
  /** What it is. */
  title: ReactNode;
  /** Beside that. */
  mark?: ReactNode;
  /** More of it, below. */
  detail?: ReactNode;
  /** Beside that: what it comes to. */
  amount?: ReactNode;
  /** What takes more room than a line. */
  more?: ReactNode;
}

/** An item of two lines, or more. */
export function Item({ title, mark, detail, amount, more }: Props) {
  return (
    <Paper component="li" className={classes.item} withBorder p="sm" fz="sm">
      <div className={classes.line}>
        <strong className={classes.start}>{title}</strong>
        <span className={classes.end}>{mark}</span>
      </div>
      {(detail || amount) && (
        <div className={classes.line}>
          <span className={classes.start}>{detail}</span>
          <span className={classes.end}>{amount}</span>
        </div>
      )}
      {more && <div className={classes.more}>{more}</div>}
    </Paper>
  );
}
